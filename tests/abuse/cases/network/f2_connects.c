// attack: connects to the world, the metadata service, the bridge and the fleet
// expect: ok
// stdout: ^held$
// limits: {"cpuSeconds": 5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
int main(void) {
    const char *hosts[] = {"8.8.8.8", "169.254.169.254", "172.17.0.1", "172.18.0.1", "10.0.0.1", "192.168.0.1", "224.0.0.1", "255.255.255.255"};
    int ports[] = {53, 80, 2375, 3000, 6379};
    for (unsigned host = 0; host < sizeof hosts / sizeof *hosts; host++)
        for (unsigned port = 0; port < 5; port++)
            for (int kind = SOCK_STREAM; kind <= SOCK_DGRAM; kind++) {
                struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ports[port])};
                inet_pton(AF_INET, hosts[host], &address.sin_addr);
                int client = socket(AF_INET, kind, 0);
                if (connect(client, (void *)&address, sizeof address) == 0 || (errno != ENETUNREACH && errno != EACCES && errno != EMFILE)) printf("%s %d %d\n", hosts[host], ports[port], errno);
                shutdown(client, 2);
            }
    puts("held");
}
