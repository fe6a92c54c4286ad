"""`python -m hypertendril` is the command `hypertendril`."""

from hypertendril.cli import main

if __name__ == "__main__":
    main()
