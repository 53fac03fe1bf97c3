# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
# shellcheck shell=bash
# Completion of weft(1) for bash; needs no other file. tests/guide compares the words with each command's --help.

_weft_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}")
}

_weft()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local figures='queue.job submit.ioctl submit.uring submit.uring_ioctl queue.user queue.user_asleep getpid nvme.read512'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_weft_words 'info run bench top trace dump --help --version'
		return
	fi
	case ${COMP_WORDS[1]}:$before in
	run:--cards)
		_weft_words '1 2 4'
		return
		;;
	run:--data)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	run:--dump | run:--save)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	trace:--cards)
		_weft_words '1 2 3 4'
		return
		;;
	trace:--out | trace:-o)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	run:--epochs | run:--steps | run:--seed | run:--sequences | run:--timeout | run:--show | run:--peer | bench:--runs | trace:--sequences)
		return
		;;
	esac
	case ${COMP_WORDS[1]}:$word in
	info:*) _weft_words '--json --help' ;;
	top:*) _weft_words '--once --json --help' ;;
	dump:-*) _weft_words '--json --free --help' ;;
	dump:*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	run:-*)
		_weft_words '--cards --epochs --steps --seed --data --jobs --allow-bounce --dump --sequences --timeout --show --peer --save --print
			--prepare-only --json --help'
		;;
	run:*)
		mapfile -t COMPREPLY < <(
			compgen -W 'fashion-mnist' -- "$word"
			compgen -f -X '!*.weft' -- "$word"
			[[ $word ]] && compgen -d -S / -- "$word"
		)
		;;
	trace:-*) _weft_words '--sequences --cards --out --help' ;;
	trace:*)
		mapfile -t COMPREPLY < <(
			compgen -W 'demo' -- "$word"
			compgen -f -X '!*.weft' -- "$word"
			[[ $word ]] && compgen -d -S / -- "$word"
		)
		;;
	bench:-*) _weft_words '--runs --json --help' ;;
	bench:*) _weft_words "$figures" ;;
	esac
}

complete -F _weft weft
