"""Train a model:  python train.py --model srredsim --gpus 2"""

from srredsim.cli.main import train

if __name__ == "__main__":
    train()
