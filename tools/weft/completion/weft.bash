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
	local operations='barrier all-reduce reduce-scatter all-gather broadcast reduce all-to-all send'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_weft_words 'info run bench coll top trace dump --help --version'
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
	bench:--topology | bench:--peers | bench:--svg | bench:--out | coll:--topology)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	bench:--type | coll:--type)
		_weft_words 'f32 f16 bf16 i32 i8 u8'
		return
		;;
	bench:--algorithm | coll:--algorithm)
		_weft_words 'push direct pull staged ring'
		return
		;;
	bench:--cards | coll:--cards)
		_weft_words '1 2 3 4'
		return
		;;
	bench:--min | bench:--max | bench:--step | bench:--sizes | bench:--mib | coll:--root | coll:--slot)
		return
		;;
	run:--epochs | run:--steps | run:--seed | run:--sequences | run:--timeout | run:--show | run:--peer | bench:--runs | trace:--sequences)
		return
		;;
	esac
	# of what has options of its own
	if [[ ${COMP_WORDS[1]} == bench && $COMP_CWORD -gt 2 ]]; then
		case ${COMP_WORDS[2]}:$word in
		topo:*)
			_weft_words '--cards --mib --runs --out --json --help'
			return
			;;
		coll:-*)
			_weft_words '--min --max --step --sizes --cards --type --algorithm --topology --in-place --both --runs --arrivals --no-check
				--svg --peers --json --help'
			return
			;;
		coll:*)
			_weft_words "$operations"
			return
			;;
		esac
	fi
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
	bench:*) _weft_words "topo coll $figures" ;;
	coll:-*) _weft_words '--cards --type --algorithm --in-place --count --root --slot --topology --json --help' ;;
	coll:*) if ((COMP_CWORD == 2)); then _weft_words 'explain'; else _weft_words "$operations"; fi ;;
	esac
}

complete -F _weft weft
