// A program that asks over UDP, for a test's neighbor.

/**
 * Returns a Python program with the arguments `address port text`. It sends the text until an answer comes, which it prints: `attempts`
 * times at the most, and waits for `seconds` each time.
 */
export function udpAsk(attempts: number, seconds: number): string {
  return `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(${seconds})
for attempt in range(${attempts}):
    try:
        s.sendto(sys.argv[3].encode(), (sys.argv[1], int(sys.argv[2])))
        print(s.recv(2048).decode(errors="replace"))
        break
    except (TimeoutError, ConnectionRefusedError): pass
`;
}
