# Walks down a curved valley by gradient descent with momentum: training code that is not Python.
#
# Set with -v: lr, momentum, from, to (steps), report (a file to append JSON lines to), and
# optionally start and save (folders to go on from and to save in).

BEGIN {
    x = -1.2; y = 1
    if (start != "") resume_from(start "/state")
    for (step = from + 1; step <= to; step++) {
        slope = y - x * x
        vx = momentum * vx - lr * (-2 * (1 - x) - 80 * x * slope)
        vy = momentum * vy - lr * 40 * slope
        x += vx; y += vy
        loss = (1 - x) ^ 2 + 20 * (y - x * x) ^ 2
        if (!(loss < 1e12)) {
            print "It flew off the valley at step " step "." > "/dev/stderr"
            exit 1
        }
        printf "{\"step\": %d, \"loss\": %.6g}\n", step, loss >> report
        fflush(report)
    }
    printf "{\"distance\": %.6g}\n", sqrt((1 - x) ^ 2 + (1 - y) ^ 2) >> report
    if (save != "") print x, y, vx, vy > (save "/state")
}

function resume_from(file) {
    getline line < file
    split(line, found, " ")
    x = found[1]; y = found[2]; vx = found[3]; vy = found[4]
}
