complete -c zc-cat -l explain -d 'Say how each transfer was made, and why'
complete -c zc-cat -l zero-copy -x -a 'auto always never' -d 'Hand out pages of files'
complete -c zc-cat -s h -l help -d 'Print the options'
complete -c zc-cat -l version -d 'Print the version'
