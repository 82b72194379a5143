"""`python -m monitor` is `platform-monitor`."""

from monitor.cli import main

if __name__ == "__main__":
    main()
