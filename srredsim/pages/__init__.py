"""Web pages about stacks: each is one file that asks for nothing from elsewhere, on a screen and on paper."""
