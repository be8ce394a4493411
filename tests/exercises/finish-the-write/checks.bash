# What the visible checks of finish-the-write do; checks.tsv says what they are worth.

check_echoes() {
    serve
    expected '1000 bytes as they were sent, and then the end of the stream'
    peer echo 1000 finish eof
}

check_many() {
    serve
    expected '1001 bytes for each of 20 clients'
    peer -n 20 send 1000 receive send 1 receive finish eof
}

# How much fits into the buffers of both kernels depends on the system: the client stops when
# no more is taken, reads all that it has sent, and then sends and reads the other 8 MiB.
check_late() {
    serve
    expected 'every byte, in order, for a client that sends up to 8 MiB before it reads'
    peer offer 8388608 receive echo 8388608
}

# B must be done while A does not read.
check_others() {
    serve
    client A offer 16777216 say full hold
    said A full
    expected 'an answer for B while A, who has sent all that it can, does not read'
    peer echo 100000
}

check_idle() {
    serve
    client A offer 8388608 receive say idle hold
    said A idle
    rests
}
