"""`python -m streamsvd` is the `streamsvd` command."""

from streamsvd.cli.main import main

main()
