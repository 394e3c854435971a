"""The command line: a skin over the package, which reads the arguments, makes one call and says what came of it.

A command is one file in `srredsim.cli.commands`. What commands share stands beside that folder: `main` (parse, run,
exit status), `arguments` (arguments that several take, types of numbers), `terminal` (all that is written to it),
`several` (inputs, one after the other), `installed` (the scripts of a checkout, in whatever Python).
"""
