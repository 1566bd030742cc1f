#!/bin/sh
# Runs what the host asks for over the second serial port. The scripts and what they print are files in /share.
#   run N    start /share/N.sh; `done N CODE` comes back when it has ended, in whatever order scripts end
#   kill N   end script N and all that it started
port=/dev/ttyS1
stty -F "$port" raw -echo -echoe -echok -echoctl -echoke 115200
exec 3<>"$port"
mkdir -p /run/agent
cd /
echo ready >&3
while read -r verb number <&3; do
    case $verb in
    run)
        (
            exec 3>&- 4>"$port"
            setsid /bin/sh "/share/$number.sh" >"/share/$number.out" 2>"/share/$number.err" </dev/null 4>&- &
            pid=$!
            echo "$pid" >"/run/agent/$number"
            wait "$pid"
            echo "done $number $?" >&4
        ) &
        ;;
    kill)
        kill -9 "-$(cat "/run/agent/$number")"
        ;;
    esac
done
