"""Reconstruct raw stacks:  python predict.py stack.tif --out results"""

from srredsim.cli import predict

if __name__ == "__main__":
    predict()
