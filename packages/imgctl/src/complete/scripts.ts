const bash = String.raw`# bash completion of imgctl: source <(imgctl completion bash)
_imgctl() {
    local IFS=$' \t\n' rest=${'$'}{COMP_LINE:0:COMP_POINT} word value describe prefix char i
    local -a words=()
    COMPREPLY=()
    # bash cuts words at "=" and ":"; what stands together is one word.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${'$'}{COMP_WORDS[i]}
        if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
            rest=${'$'}{rest#"${'$'}{rest%%[![:space:]]*}"}
            words+=('')
        fi
        ((i == COMP_CWORD)) && word=$rest
        words[${'$'}{#words[@]} - 1]+=$word
        rest=${'$'}{rest#"$word"}
    done
    local cur=${'$'}{words[${'$'}{#words[@]} - 1]}
    prefix=
    for char in = :; do
        [[ $COMP_WORDBREAKS == *"$char"* && $cur == *"$char"* && ${'$'}{#prefix} -lt ${'$'}{#cur} ]] || continue
        value=${'$'}{cur%"${'$'}{cur##*"$char"}"}
        ((${'$'}{#value} > ${'$'}{#prefix})) && prefix=$value
    done
    while IFS=$'\t' read -r value describe; do
        case $value in
            :files) compopt -o filenames; COMPREPLY+=($(compgen -f -- "${'$'}{cur#"$prefix"}")) ;;
            :dirs) compopt -o filenames; COMPREPLY+=($(compgen -d -- "${'$'}{cur#"$prefix"}")) ;;
            :commands) COMPREPLY+=($(compgen -c -- "$cur")) ;;
            *) COMPREPLY+=("${'$'}{value#"$prefix"}") ;;
        esac
    done < <("${'$'}{words[0]}" __complete bash "${'$'}{words[@]:1}" 2>/dev/null)
    ((${'$'}{#COMPREPLY[@]} == 1)) && [[ ${'$'}{COMPREPLY[0]} == *[=,/] ]] && compopt -o nospace
    return 0
}
complete -F _imgctl imgctl
`;

const zsh = String.raw`#compdef imgctl
# zsh completion of imgctl: imgctl completion zsh > "${'$'}{fpath[1]}/_imgctl", or source <(imgctl completion zsh)
_imgctl() {
    local line value describe
    local -a plain plain_shown open open_shown
    for line in "${'$'}{(@f)$("${'$'}{words[1]}" __complete zsh "${'$'}{(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        value=${'$'}{line%%$'\t'*}
        describe=${'$'}{line#*$'\t'}
        [[ $describe == $line || -z $describe ]] && describe=$value || describe="$value  -- $describe"
        case $value in
            :files) compset -P '*='; _files ;;
            :dirs) compset -P '*='; _files -/ ;;
            :commands) _command_names -e ;;
            *[=,/]) open+=("$value"); open_shown+=("$describe") ;;
            *) plain+=("$value"); plain_shown+=("$describe") ;;
        esac
    done
    ((${'$'}{#plain})) && compadd -l -d plain_shown -a plain
    ((${'$'}{#open})) && compadd -S '' -l -d open_shown -a open
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _imgctl "$@"; else compdef _imgctl imgctl; fi
`;

const fish = String.raw`# fish completion of imgctl: imgctl completion fish > ~/.config/fish/completions/imgctl.fish
function __imgctl_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete fish $words "$cur" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (string replace -r '^.*=' '' -- $cur)
            case :dirs
                __fish_complete_directories (string replace -r '^.*=' '' -- $cur)
            case :commands
                __fish_complete_command
            case '*'
                echo $line
        end
    end
end
complete -c imgctl -f -a '(__imgctl_complete)'
`;

/** By shell, what `imgctl completion` prints. All ask `imgctl __complete SHELL WORD...`, whose last word is being typed. */
export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };
