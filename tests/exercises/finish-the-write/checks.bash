# What the visible checks of finish-the-write do; checks.tsv says what they are worth.
# Most send text in whole lines, so that trouble with pieces of lines, or with other bytes, costs
# the check that is about that.

check_echoes() {
    serve
    expected '1024 bytes as they were sent, and then the end of the stream'
    peer -x echo 1024 finish ended
}

check_bytes() {
    local all
    serve
    expected 'each of the 256 values of a byte'
    all=$(printf '\\x%02X' {0..255})
    peer put "$all\n" get "$all\n"
    expected '3 bytes, though the line goes on: Hel'
    peer put Hel get Hel put 'lo\n' get 'lo\n'
    expected '9956 bytes, all values among them, as they were sent'
    peer echo 9956
}

check_many() {
    serve
    expected '1088 bytes for each of 20 clients'
    peer -x -n 20 send 1024 receive send 64 receive finish ended
}

# With small buffers the kernels keep a few KiB on the way, so the first offer alone is more than
# any write can take.  The client stops when no more is taken.
check_late() {
    serve
    expected 'every byte, in order, for a client with small buffers that sends before it reads'
    peer -s -x offer 1048576 receive offer 1048576 receive finish ended
    expected 'every byte, in order, for a client that sends up to 8 MiB before it reads'
    peer -x offer 8388608 receive echo 8388608
}

# B must be done while A does not read.
check_others() {
    serve
    client A -x offer 16777216 say full hold
    said A full
    expected 'an answer for B while A, who has sent all that it can, does not read'
    peer -x echo 131072
}

check_idle() {
    serve
    client A -x offer 8388608 receive say idle hold
    said A idle
    rests
}
