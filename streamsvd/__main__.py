"""`python -m streamsvd` is the `streamsvd` command."""

from streamsvd.app.main import main

main()
