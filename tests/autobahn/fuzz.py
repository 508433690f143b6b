"""Lets Autobahn's test suite, which is in Python 2, loose on examples/websocket_echo.rs, and prints a line for each case.

    python2.7 fuzz.py ROLE MESSAGES ECHO...

ROLE is the program's, client or server. ECHO is its command. RSocket is binary, so text is refused, and nearly all cases
are about text. Hence MESSAGES:

- binary: binary messages stand in for text, so that each case shows what it is about. All have to pass.
- text: the cases as they are. Those that send text have to be refused for that, with the close code 1003, unless
  something else was wrong before, and the others have to pass.
"""

import subprocess
import sys

# First of all, as it chooses the reactor.
from autobahntestsuite.fuzzing import FuzzingClientFactory, FuzzingProtocol, FuzzingServerFactory

from autobahn.websocket.protocol import WebSocketProtocol
from autobahntestsuite.case import Case
from twisted.internet import reactor, threads

AGENT = "rsocket"
TEXT, BINARY = 1, 2
UNSUPPORTED_DATA, TOO_BIG = 1003, 1009
PASSED = (Case.OK, Case.NON_STRICT, Case.INFORMATIONAL)

# Compression is not offered, and what is not UTF-8 makes no bad binary message.
SECTIONS = {
    "binary": ["1.*", "2.*", "3.*", "4.*", "5.*", "7.*", "9.*", "10.*"],
    "text": ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"],
}

# Seconds that a case may take after the program has ended.
GRACE = 5

# Messages of 16 MiB, one byte more than the longest frame of RSocket.
TOO_LONG = ("9.1.6", "9.2.6")


def main(role, messages, echo):
    FuzzingProtocol.sendFrame = send_frame
    FuzzingProtocol.beginMessage = begin_message
    FuzzingProtocol.onMessage = on_message
    FuzzingProtocol.replaces_text = messages == "binary"
    FuzzingProtocol.sent_text = False
    FuzzingProtocol.connectionLost = connection_lost
    judge = Judge([role, messages] + [flag.strip("-") for flag in echo[1:]])
    {"client": fuzz_client, "server": fuzz_server}[role](judge, SECTIONS[messages], echo)
    if judge.passed != judge.wanted:
        sys.exit("autobahn: %d of %d cases passed" % (judge.passed, judge.wanted))


def send_frame(protocol, opcode, *args, **kwargs):
    if opcode == TEXT:
        protocol.sent_text = True
        if protocol.replaces_text:
            opcode = BINARY
    WebSocketProtocol.sendFrame(protocol, opcode, *args, **kwargs)


def begin_message(protocol, isBinary=False, **kwargs):
    protocol.sent_text = protocol.sent_text or not isBinary
    WebSocketProtocol.beginMessage(protocol, isBinary or protocol.replaces_text, **kwargs)


def on_message(protocol, message, is_binary):
    """Gives the case what it waits for: text, where it sent text."""
    if protocol.replaces_text and protocol.sent_text:
        is_binary = not is_binary
    protocol.runCase.onMessage(message, is_binary)


fuzzing_connection_lost = FuzzingProtocol.connectionLost.__func__


def connection_lost(protocol, reason):
    """Notes what was sent, which neither the case's result nor, where something stood in for it, the case itself knows."""
    protocol.factory.sent_text = protocol.sent_text
    if protocol.replaces_text and protocol.sent_text:
        protocol.txFrameStats[TEXT] = protocol.txFrameStats.pop(BINARY, 0)
    fuzzing_connection_lost(protocol, reason)


class Judge(object):
    """Judges each case when it is over, in place of a report at the end."""

    def __init__(self, name):
        self.name = ["autobahn"] + name
        self.wanted = 0
        self.judged = 0
        self.passed = 0

    def watch(self, factory, then=lambda: None):
        """Hears of the factory's cases, and calls back when it has heard of all."""
        self.then = then
        self.wanted = len(factory.specCases)
        factory.logCase = lambda result: self.judge(factory, result)
        factory.createReports = lambda: None

    def judge(self, factory, result):
        """Prints what came of a case the way Rust's tests do."""
        right = is_right(result, factory.sent_text)
        self.judged += 1
        self.passed += right
        print "test %s ... %s" % ("::".join(self.name + [result["id"]]), "ok" if right else "FAILED")
        if not right:
            for key in ("expectation", "expected", "received", "behavior", "behaviorClose", "result", "resultClose",
                        "remoteCloseCode", "remoteCloseReason", "wasNotCleanReason"):
                print "    %s: %s" % (key, result[key])
        sys.stdout.flush()
        if self.judged == self.wanted:
            self.then()


def is_right(result, sent_text):
    code = result["remoteCloseCode"]
    passed = result["behavior"] in PASSED and result["behaviorClose"] in PASSED
    if sent_text and not FuzzingProtocol.replaces_text:
        answered = any(event[0] == "message" for event in result["received"])
        return not answered and (code == UNSUPPORTED_DATA or passed)
    if result["id"] in TOO_LONG:
        return code == TOO_BIG
    return passed


def stop():
    if reactor.running:
        reactor.stop()


def fuzz_server(judge, cases, echo):
    """Connects to the program for each case."""
    server = subprocess.Popen(echo, stdout=subprocess.PIPE)
    ready, address = server.stdout.readline().split()
    assert ready == "ready"
    try:
        factory = FuzzingClientFactory({
            "servers": [{"url": "ws://%s/" % address, "agent": AGENT}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        })
        judge.watch(factory)
        reactor.run()
    finally:
        server.terminate()
        server.wait()


def fuzz_client(judge, cases, echo):
    """Has the program connect for each case."""
    factory = FuzzingServerFactory({
        "url": "ws://127.0.0.1:1",
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    })
    judge.watch(factory, then=stop)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
    factory.setSessionParameters(url="ws://127.0.0.1:%d" % port)
    paths = ["/runCase?agent=%s&casetuple=%s" % (AGENT, case) for case in factory.specCases]
    client = subprocess.Popen(echo + ["127.0.0.1:%d" % port] + paths)
    # It ends before its last connection is judged, but not long before.
    threads.deferToThread(client.wait).addBoth(lambda _: reactor.callLater(GRACE, stop))
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
