"""Train a model:  python train.py --model srredsim --gpus 2"""

from srredsim.cli.installed import start

if __name__ == "__main__":
    start("train")
