# bash completion for miko

# Options that take a value.
_miko_valued='-b --broker --host --port --vhost --user --password-file --password --exchange
  --management -c --config --context --password-from --cacert --cert --key --servername --timeout
  -o --output --max-reply-size --color
  --args --kwargs -H --header --ctx
  -j --in-flight -n --calls -z --duration -r --rate --warmup --args-file --fail-if --hgrm
  --data --also --durable --exec --slow --method --grep --for --count --record --queue-length
  --retry -i --interval --format --warn --crit
  --reply --raise --exec-timeout --file --delay
  --expect --expect-error --within --var --filter --limit --report-junit --report-tap'
_miko_global='-b --broker --host --port --vhost --user --password-file --password --exchange
  --management -c --config --context --careful --tls --cacert --cert --key --servername --insecure --timeout
  -o --output --max-reply-size --color -q --quiet -v --verbose -h --help --help-all -V --version'
_miko_batch='-j --in-flight --ordered --fail-fast --no-progress --no-expire'
_miko_call="--args --kwargs -H --header --ctx --dry-run --wait --retry --batch --expect --expect-error --within
  $_miko_batch"
_miko_bench='--args --kwargs -H --header --ctx -n --calls -z --duration -j --in-flight -r --rate
  --warmup --args-file --fail-if --hgrm --no-progress'
_miko_dispatch='--data -H --header --ctx --require-handler --dry-run --lines --no-progress'
_miko_listen='--also --durable --delete -n --count --for --exec --no-reconnect'
_miko_tap='--errors --slow --method --grep -n --count --for --full --tree --record --queue-length'

# What miko knows of the broker that the words so far name: services, the methods of service $2 that
# were called before, or such calls.
_miko_names() {
  local line=("${words[@]:1:${#words[@]}-2}") i
  for i in "${!line[@]}"; do
    case ${line[i]} in
      \"*\" | \'*\') line[i]=${line[i]:1:-1} ;;
      '~/'*) line[i]=$HOME${line[i]:1} ;;
    esac
  done
  miko completion --names "$1" --of "${2-}" -- "${line[@]}" 2>/dev/null </dev/null
}

# SERVICE, then METHOD; or both in a word.
_miko_target() {
  if ((positional == 0)); then
    _miko_offer '' "$(_miko_names services)"
    [[ $cur == *.* ]] && _miko_offer '' "$(_miko_names calls)"
  elif ((positional == 1)); then
    _miko_offer '' "$(_miko_names methods "$subcommand")"
  fi
}

_miko_contexts() {
  miko context ls -o raw 2>/dev/null
}
_miko_smoke='-j --in-flight --var --filter --fail-fast --retry --limit --report-junit --report-tap
  --record --replay'
_miko_serve='--reply --raise --exec --exec-timeout --file --echo --delay -n --count -j --in-flight --log --force --no-reconnect'

_miko_takes_value() {
  [[ $1 == -* && " ${_miko_valued//$'\n'/ } " == *" $1 "* ]]
}

# Candidates for the current word, which starts with $1 and goes on with one of the words $2.
_miko_offer() {
  local word
  for word in $2; do
    [[ $1$word == "$cur"* ]] && COMPREPLY+=("$1$word")
  done
}

# The same for files, of which $2 has been typed.
_miko_offer_files() {
  local file
  while IFS= read -r file; do
    COMPREPLY+=("$1$file")
  done < <(compgen -f -- "$2")
  compopt -o filenames 2>/dev/null
}

# The same for files behind an '@', with quotes and slashes of its own: readline would take the '@'
# for a part of the name.
_miko_offer_at_files() {
  local file
  compopt -o nospace 2>/dev/null
  while IFS= read -r file; do
    if [[ -d $file ]]; then
      COMPREPLY+=("$1$(printf %q "$file")/")
    else
      COMPREPLY+=("$1$(printf %q "$file")")
      compopt +o nospace 2>/dev/null
    fi
  done < <(compgen -f -- "$2")
}

# The value of option $1, of which $3 has been typed; $2 stands before it in the same word.
_miko_value() {
  case $1 in
    -o | --output) _miko_offer "$2" 'json pretty raw envelope none csv tap' ;;
    --format) _miko_offer "$2" 'text json nagios prometheus' ;;
    --color) _miko_offer "$2" 'auto always never' ;;
    -c | --config | --cacert | --cert | --key | --password-file | --args-file | --file | --hgrm | --record | --report-junit | --report-tap)
      _miko_offer_files "$2" "$3"
      ;;
    --context) _miko_offer "$2" "$(_miko_contexts)" ;;
    --password-from) _miko_offer "$2" 'env: file: cmd:' ;;
    --host) [[ -z $2 ]] && mapfile -t COMPREPLY < <(compgen -A hostname -- "$3") ;;
    --args | --kwargs | --data)
      [[ $3 == @* ]] && _miko_offer_at_files "$2@" "${3#@}"
      ;;
    --ctx)
      [[ $3 == *=@* ]] && _miko_offer_at_files "$2${3%%=@*}=@" "${3#*=@}"
      ;;
  esac
}

_miko_context_options() {
  case $subcommand in
    add) _miko_offer '' '--password-from --store-password --force --select' ;;
    show) _miko_offer '' '--effective' ;;
    select) _miko_offer '' '--none' ;;
    validate) _miko_offer '' '--connect' ;;
  esac
}

# What is typed so far as miko will see it: readline also splits words at '=', ':' and '@'.
_miko_split() {
  local rest=${COMP_LINE:0:COMP_POINT} trimmed word i
  words=()
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    trimmed=${rest#"${rest%%[![:space:]]*}"}
    word=${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$trimmed
    if ((i > 0)) && [[ $trimmed == "$rest" ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    rest=${trimmed#"$word"}
  done
}

_miko_complete() {
  local command='' subcommand='' previous=${words[${#words[@]} - 2]} positional=0 i
  for ((i = 1; i < ${#words[@]} - 1; ++i)); do
    if _miko_takes_value "${words[i]}"; then
      ((++i))
    elif [[ ${words[i]} != -* ]]; then
      if [[ -z $command ]]; then
        command=${words[i]}
      else
        ((positional++ == 0)) && subcommand=${words[i]}
      fi
    fi
  done

  # Behind an option that lacks its value the loop has gone past the current word.
  if ((i == ${#words[@]})); then
    _miko_value "$previous" '' "$cur"
  elif [[ $cur == --*=* ]]; then
    _miko_value "${cur%%=*}" "${cur%%=*}=" "${cur#*=}"
  elif [[ $cur == -* ]]; then
    _miko_offer '' "$_miko_global"
    case $command in
      call) _miko_offer '' "$_miko_call" ;;
      batch) _miko_offer '' "$_miko_batch" ;;
      bench) _miko_offer '' "$_miko_bench" ;;
      serve) _miko_offer '' "$_miko_serve" ;;
      smoke) _miko_offer '' "$_miko_smoke" ;;
      dispatch) _miko_offer '' "$_miko_dispatch" ;;
      listen) _miko_offer '' "$_miko_listen" ;;
      tap) _miko_offer '' "$_miko_tap" ;;
      context) _miko_context_options ;;
      services) _miko_offer '' '--details --watch' ;;
      probe) _miko_offer '' '-n --count' ;;
      ping) _miko_offer '' '-n --count -i --interval --format --warn --crit' ;;
      wait) _miko_offer '' '--count' ;;
    esac
  elif [[ -z $command ]]; then
    _miko_offer '' 'call batch dispatch listen serve bench smoke services ping probe wait tap doctor context completion help'
  elif [[ $command == help && $positional -eq 0 ]]; then
    _miko_offer '' 'call batch dispatch listen serve bench smoke services ping probe wait tap doctor context completion help
      exit-codes environment output'
  elif [[ $command == context && $positional -eq 0 ]]; then
    _miko_offer '' 'add ls show select rm validate'
  elif [[ $command == context && $subcommand != @(add|ls) ]]; then
    _miko_offer '' "$(_miko_contexts)"
  elif [[ $command == completion && $positional -eq 0 ]]; then
    _miko_offer '' 'bash zsh fish'
  elif [[ $command == smoke || ($command == batch && $positional -eq 0) ]]; then
    _miko_offer_files '' "$cur"
  elif [[ ($command == call || $command == bench || $command == dispatch) && $cur == *=@* ]]; then
    _miko_offer_at_files "${cur%%=@*}=@" "${cur#*=@}"
  elif [[ $command == call || $command == bench ]]; then
    _miko_target
  elif [[ $command == probe && $positional -gt 0 ]]; then
    _miko_offer '' "$(_miko_names methods "$subcommand")"
  elif [[ $command == @(services|tap|wait) ||
    ($command == @(dispatch|doctor|listen|ping|probe|serve) && $positional -eq 0) ]]; then
    _miko_offer '' "$(_miko_names services)"
  fi
}

_miko() {
  local words cur i breaks=''
  COMPREPLY=()
  _miko_split
  cur=${words[${#words[@]} - 1]}
  _miko_complete

  # Readline replaces only what stands behind the last character that breaks words for it; '@'
  # itself is replaced as well.
  for i in '=' ':' '@'; do
    [[ $COMP_WORDBREAKS == *"$i"* ]] && breaks+=$i
  done
  if [[ -n $breaks && $cur == *[$breaks]* ]]; then
    local prefix=${cur%"${cur##*[$breaks]}"}
    prefix=${prefix%@}
    for i in "${!COMPREPLY[@]}"; do
      COMPREPLY[i]=${COMPREPLY[i]#"$prefix"}
    done
  fi
}

complete -F _miko miko
