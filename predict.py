"""Super-resolved images from raw stacks:  python predict.py stack.tif"""

from srredsim.cli.installed import start

if __name__ == "__main__":
    start("predict")
