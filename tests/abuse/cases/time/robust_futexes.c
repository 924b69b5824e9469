// attack: leaves the kernel a list of robust futexes that runs in a circle
// expect: ok
// stdout: ^left$
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    static struct robust_list ring[2];
    static struct robust_list_head head;
    ring[0].next = &ring[1];
    ring[1].next = &ring[0];
    head.list.next = &ring[0];
    head.list_op_pending = (void *)8; /* nowhere */
    syscall(SYS_set_robust_list, &head, sizeof head);
    puts("left");
}
