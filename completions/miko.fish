# fish completion for miko

# The words on the line, without options and their values; the first is the command.
function __miko_words
    set -l valued -b --broker --host --port --vhost --user --password-file --password --exchange \
        --management -c --config --context --password-from --cacert --cert --key --servername --timeout \
        -o --output --max-reply-size \
        --color --args --kwargs -H --header --ctx -j --in-flight -n --calls -z --duration \
        -r --rate --warmup --args-file --fail-if --hgrm --data \
        --also --durable --exec --slow --method --grep --for --count --record --queue-length \
        --retry -i --interval --format --warn --crit \
        --reply --raise --exec-timeout --file --delay \
        --expect --expect-error --within --var --filter --limit --report-junit --report-tap
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word $valued
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# The command on the line; fails if there is none yet.
function __miko_command
    set -l words (__miko_words)
    set -q words[1]
    and echo $words[1]
end

function __miko_no_command
    not __miko_command >/dev/null
end

# Whether so many words stand behind the command.
function __miko_words_are
    test (count (__miko_words)) -eq (math $argv[1] + 1)
end

# What miko knows of the broker that the words so far name: services, the methods of a service that
# were called before, or such calls.
function __miko_names
    set -l line (string replace -r -- '^~/' "$HOME/" (commandline -opc)[2..-1])
    miko completion --names $argv[1] --of "$argv[2]" -- $line 2>/dev/null
end

# SERVICE, or SERVICE.METHOD in a word.
function __miko_targets
    __miko_names services
    string match -q -- '*.*' (commandline -ct)
    and __miko_names calls
end

function __miko_methods
    __miko_names methods (__miko_words)[2]
end

function __miko_command_is
    contains -- (__miko_command; or echo none) $argv
end

# Files behind an '@' in the current word: @FILE, KEY=@FILE, KEY:=@FILE.
function __miko_at_file
    set -l word (string replace -r -- '^--[a-z]+=' '' (commandline -ct))
    set -l parts (string match -r -- '^([^=]*=|)@(.*)$' $word)
    or return
    set -l prefix $parts[2]@
    for file in (__fish_complete_path $parts[3])
        echo $prefix$file
    end
end

function __miko_contexts
    miko context ls -o raw 2>/dev/null
end

# Whether "context" is on the line, and one of these words behind it.
function __miko_context_is
    set -l words (commandline -opc)
    set -l at (contains -i -- context $words)
    and contains -- $words[(math $at + 1)] $argv
end

function __miko_context_alone
    __miko_command_is context
    and not __miko_context_is add ls show select rm validate
end

complete -c miko -f

complete -c miko -n __miko_no_command -a call -d 'Call an RPC method and print what it returns'
complete -c miko -n __miko_no_command -a batch -d 'Make many calls over one connection'
complete -c miko -n __miko_no_command -a dispatch -d 'Dispatch an event, or many'
complete -c miko -n __miko_no_command -a listen -d 'Print events, or run a program for each'
complete -c miko -n __miko_no_command -a bench -d 'Put load on a method'
complete -c miko -n __miko_no_command -a tap -d 'Watch calls and their replies'
complete -c miko -n __miko_no_command -a context -d 'Keep named connections and choose among them'
complete -c miko -n __miko_no_command -a doctor -d 'Look at every step on the way of a call'
complete -c miko -n __miko_no_command -a services -d 'Show services and what waits for them'
complete -c miko -n __miko_no_command -a ping -d 'See whether a service answers, and how fast'
complete -c miko -n __miko_no_command -a probe -d 'Look for methods on every instance'
complete -c miko -n __miko_no_command -a wait -d 'Block until services have instances'
complete -c miko -n __miko_no_command -a serve -d 'Stand in for a service'
complete -c miko -n __miko_no_command -a smoke -d 'Run suites of calls and say what is not as expected'
complete -c miko -n __miko_no_command -a completion -d 'Print a completion script'
complete -c miko -n __miko_no_command -a help -d 'Explain a command or a topic'

complete -c miko -s b -l broker -x -d 'Broker URI, several separated by semicolons'
complete -c miko -l host -x -a '(__fish_print_hostnames)' -d 'Host of the broker'
complete -c miko -l port -x -d 'Port of the broker'
complete -c miko -l vhost -x -d 'Virtual host'
complete -c miko -l user -x -d User
complete -c miko -l password-file -r -F -d 'File with the password'
complete -c miko -l password -x -d Password
complete -c miko -l exchange -x -d 'Nameko\'s rpc_exchange'
complete -c miko -l management -x -d 'URL of the management API'
complete -c miko -s c -l config -r -F -d 'Nameko config.yaml'
complete -c miko -l context -x -a '(__miko_contexts)' -d 'Connection that miko context add keeps'
complete -c miko -l careful -d 'Log in step by step instead of in one flight'

complete -c miko -l tls -d 'Use TLS'
complete -c miko -l cacert -r -F -d 'Authorities to trust'
complete -c miko -l cert -r -F -d 'Client certificate'
complete -c miko -l key -r -F -d 'Key of the client certificate'
complete -c miko -l servername -x -d 'Name to expect in the certificate'
complete -c miko -l insecure -d 'Accept any certificate'

complete -c miko -l timeout -x -d 'Limit for the whole command, such as 250ms, 5s or 1m30s'
complete -c miko -s o -l output -x -a 'json pretty raw envelope none csv tap' -d 'Output format'
complete -c miko -l max-reply-size -x -d 'Largest reply taken, such as 64MiB'
complete -c miko -l color -x -a 'auto always never' -d 'When to use colour'
complete -c miko -s q -l quiet -d 'Print no warnings and no progress'
complete -c miko -s v -l verbose -d 'Print each step with its time'
complete -c miko -s h -l help -d 'Print help'
complete -c miko -l help-all -d 'Print help for all commands'
complete -c miko -s V -l version -d 'Print versions of miko and its libraries'

set -l has_arguments '__miko_command_is call bench'
complete -c miko -n $has_arguments -l args -x -a '(__miko_at_file)' -d 'Arguments as JSON array or object'
complete -c miko -n $has_arguments -l kwargs -x -a '(__miko_at_file)' -d 'Keyword arguments beside --args'
complete -c miko -n $has_arguments -s H -l header -x -d 'AMQP header of the request, NAME:TEXT'
complete -c miko -n $has_arguments -l ctx -x -a '(__miko_at_file)' -d 'Nameko context data, KEY=TEXT'
complete -c miko -n $has_arguments -a '(__miko_at_file)'
complete -c miko -n "$has_arguments; and __miko_words_are 0" -a '(__miko_targets)' -d Service
complete -c miko -n "$has_arguments; and __miko_words_are 1" -a '(__miko_methods)' -d Method
complete -c miko -n '__miko_command_is probe; and not __miko_words_are 0' -a '(__miko_methods)' -d Method
complete -c miko -n '__miko_command_is services tap wait' -a '(__miko_names services)' -d Service
complete -c miko -n '__miko_command_is dispatch doctor listen ping probe serve; and __miko_words_are 0' \
    -a '(__miko_names services)' -d Service

set -l in_call '__miko_command_is call'
complete -c miko -n $in_call -l dry-run -d 'Print the message and send nothing'
complete -c miko -n $in_call -l wait -d 'First wait for the broker and an instance'
complete -c miko -n $in_call -l retry -x -d 'Repeat what certainly did not run'
complete -c miko -n $in_call -l expect -x -d 'Must be true of the result, such as "/total >= 10"'
complete -c miko -n $in_call -l expect-error -x -d 'How the call must fail: type of exception or error.code'
complete -c miko -n $in_call -l within -x -d 'The longest the reply may take'
complete -c miko -n $in_call -l batch -d 'Read arguments from standard input and call once for each'

set -l is_many '__miko_command_is call batch bench'
complete -c miko -n $is_many -s j -l in-flight -x -d 'Calls in flight at a time, 1 to 1000'
complete -c miko -n $is_many -l no-progress -d 'Show no progress on the terminal'

set -l is_batch '__miko_command_is call batch'
complete -c miko -n $is_batch -l ordered -d 'Print the answers in the order of the input'
complete -c miko -n $is_batch -l fail-fast -d 'Start no more calls after the first failure'
complete -c miko -n $is_batch -l no-expire -d 'Let the request wait in the queue after the timeout'
complete -c miko -n '__miko_command_is batch' -F

set -l in_bench '__miko_command_is bench'
complete -c miko -n $in_bench -s n -l calls -x -d 'How many calls to measure, such as 10k'
complete -c miko -n $in_bench -s z -l duration -x -d 'How long to measure'
complete -c miko -n $in_bench -s r -l rate -x -d 'Calls a second at fixed times, such as 200/s'
complete -c miko -n $in_bench -l warmup -x -d 'Load for so long before measuring'
complete -c miko -n $in_bench -l args-file -r -F -d 'Arguments of one call each, used in turn'
complete -c miko -n $in_bench -l fail-if -x -d 'Exit with 3 if it is so, such as p99>200ms'
complete -c miko -n $in_bench -l hgrm -r -F -d 'Write the percentile distribution'

set -l in_dispatch '__miko_command_is dispatch'
complete -c miko -n $in_dispatch -l data -x -a '(__miko_at_file)' -d 'Data of the event'
complete -c miko -n $in_dispatch -s H -l header -x -d 'AMQP header of the event, NAME:TEXT'
complete -c miko -n $in_dispatch -l ctx -x -a '(__miko_at_file)' -d 'Nameko context data, KEY=TEXT'
complete -c miko -n $in_dispatch -l require-handler -d 'Fail if no queue is bound to the event'
complete -c miko -n $in_dispatch -l dry-run -d 'Print the message and send nothing'
complete -c miko -n $in_dispatch -l lines -d 'Dispatch an event for each JSON value of standard input'
complete -c miko -n $in_dispatch -l no-progress -d 'Show no progress on the terminal'
complete -c miko -n $in_dispatch -a '(__miko_at_file)'

set -l in_listen '__miko_command_is listen'
complete -c miko -n $in_listen -l also -x -d 'Take events of another service, SERVICE or SERVICE=EVENT'
complete -c miko -n $in_listen -l durable -x -d 'Take from a queue that collects between two runs'
complete -c miko -n $in_listen -l delete -d 'Remove the queue of --durable'
complete -c miko -n $in_listen -s n -l count -x -d 'End after so many events'
complete -c miko -n $in_listen -l for -x -d 'End after this time, such as 10s'
complete -c miko -n $in_listen -l exec -x -d 'Run a shell command for each event'
complete -c miko -n $in_listen -l no-reconnect -d 'End when the connection is lost'

set -l in_tap '__miko_command_is tap'
complete -c miko -n $in_tap -l errors -d 'Only calls that failed or have no reply'
complete -c miko -n $in_tap -l slow -x -d 'Only calls that took so long or longer'
complete -c miko -n $in_tap -l method -x -d 'Only these methods, such as get_*'
complete -c miko -n $in_tap -l grep -x -d 'Only calls with this in arguments or result'
complete -c miko -n $in_tap -s n -l count -x -d 'End after so many calls have been shown'
complete -c miko -n $in_tap -l for -x -d 'End after so long'
complete -c miko -n $in_tap -l full -d 'Show arguments and results whole'
complete -c miko -n $in_tap -l tree -d 'Show a call together with those made for it'
complete -c miko -n $in_tap -l record -r -F -d 'Write what is shown to a file as well'
complete -c miko -n $in_tap -l queue-length -x -d 'Messages that may wait at the broker'

complete -c miko -n __miko_context_alone -a add -d 'Keep the connection that the options describe'
complete -c miko -n __miko_context_alone -a ls -d 'List the contexts'
complete -c miko -n __miko_context_alone -a show -d 'Show a context, passwords masked'
complete -c miko -n __miko_context_alone -a select -d 'Use a context wherever none is named'
complete -c miko -n __miko_context_alone -a rm -d 'Remove contexts'
complete -c miko -n __miko_context_alone -a validate -d 'Check contexts'
complete -c miko -n '__miko_context_is show select rm validate' -a '(__miko_contexts)'
complete -c miko -n '__miko_context_is add' -l password-from -x -a 'env: file: cmd:' -d 'Where the password is'
complete -c miko -n '__miko_context_is add' -l store-password -d 'Keep the password in clear text'
complete -c miko -n '__miko_context_is add' -l force -d 'Replace a context of this name'
complete -c miko -n '__miko_context_is add' -l select -d 'And use it from now on'
complete -c miko -n '__miko_context_is show' -l effective -d 'Show every setting and where it comes from'
complete -c miko -n '__miko_context_is select' -l none -d 'Use none'
complete -c miko -n '__miko_context_is validate' -l connect -d 'Log in with each'

set -l in_smoke '__miko_command_is smoke'
complete -c miko -n $in_smoke -F
complete -c miko -n $in_smoke -s j -l in-flight -x -d 'Cases at a time, 1 to 1000'
complete -c miko -n $in_smoke -l var -x -d 'Set a variable, NAME=TEXT or NAME:=JSON'
complete -c miko -n $in_smoke -l filter -x -d 'Run only cases of this name'
complete -c miko -n $in_smoke -l fail-fast -d 'Start no more cases after the first failure'
complete -c miko -n $in_smoke -l retry -x -d 'Make a case that is not as expected again'
complete -c miko -n $in_smoke -l limit -x -d 'End the run after this'
complete -c miko -n $in_smoke -l report-junit -r -F -d 'Write a report in XML'
complete -c miko -n $in_smoke -l report-tap -r -F -d 'Write a report as TAP'
complete -c miko -n $in_smoke -l record -r -F -d 'Write a suite of recorded calls'
complete -c miko -n $in_smoke -l replay -d 'With --record, make every call now'

set -l in_serve '__miko_command_is serve'
complete -c miko -n $in_serve -l reply -x -d 'What a method returns, METHOD=JSON'
complete -c miko -n $in_serve -l raise -x -d 'Exception that a method raises, METHOD=TYPE:MESSAGE'
complete -c miko -n $in_serve -l exec -x -d 'Program that answers, METHOD=PROGRAM'
complete -c miko -n $in_serve -l exec-timeout -x -d 'Kill a program that takes longer'
complete -c miko -n $in_serve -l file -r -F -d 'Methods and their answers in YAML'
complete -c miko -n $in_serve -l echo -d 'Other methods return what they are given'
complete -c miko -n $in_serve -l delay -x -d 'Wait before each answer'
complete -c miko -n $in_serve -s n -l count -x -d 'End after so many requests'
complete -c miko -n $in_serve -s j -l in-flight -x -d 'Requests at a time, 1 to 1000'
complete -c miko -n $in_serve -l log -d 'Print a line of JSON for each request'
complete -c miko -n $in_serve -l force -d 'Start beside running instances'
complete -c miko -n $in_serve -l no-reconnect -d 'End when the connection is lost'

set -l in_services '__miko_command_is services'
complete -c miko -n $in_services -l details -d 'Instances and events as well'
complete -c miko -n $in_services -l watch -d 'Refresh until interrupted'
complete -c miko -n '__miko_command_is probe' -s n -l count -x -d 'Probes for each method'
set -l in_ping '__miko_command_is ping'
complete -c miko -n $in_ping -s n -l count -x -d 'How many pings, 0 for no end'
complete -c miko -n $in_ping -s i -l interval -x -d 'Time from ping to ping'
complete -c miko -n $in_ping -l format -x -a 'text json nagios prometheus' -d 'Output format'
complete -c miko -n $in_ping -l warn -x -d 'Limit for the 95th percentile: a warning'
complete -c miko -n $in_ping -l crit -x -d 'Limit for the 95th percentile: a failure'
complete -c miko -n '__miko_command_is wait' -l count -x -d 'Instances that each must have'
complete -c miko -n '__miko_command_is completion' -a 'bash zsh fish'
complete -c miko -n '__miko_command_is help' -a 'call batch dispatch listen serve bench smoke services ping probe wait tap doctor context completion help' \
    -d Command
complete -c miko -n '__miko_command_is help' -a 'exit-codes environment output' -d Topic
