"""Super-resolved images from raw stacks:  python predict.py stack.tif"""

from srredsim.cli.main import predict

if __name__ == "__main__":
    predict()
