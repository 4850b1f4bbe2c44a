"""`python -m autofocus` is the command `autofocus`."""

from autofocus.cli import main

raise SystemExit(main())
