"""The structure worker as a program speaks with it (registry/worker_wire.h): blocks with a u32 length, each way."""
import contextlib
import struct
import subprocess

OK, REFUSED = 1, 2
MOL, RULES, PRINT, SVG, ESTERS, SMILES = 1, 2, 4, 8, 32, 64  # enum dl_wire_want
TAG_INCHIKEY, TAG_PARENT_INCHIKEY = 4, 7


class Worker:
    """One process, started again when it dies."""

    def __init__(self, path, rules=()):
        self.path, self.rules, self.process, self.starts = path, list(rules), None, 0
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.starts += 1
        if self.rules and self.say(b"\x01" + b"".join(struct.pack(">I", len(r)) + r for r in self.rules))[:1] != b"\x01":
            raise SystemExit("the rules were refused")

    def say(self, request):
        """The answer's octets; None when the worker died over it."""
        try:
            self.process.stdin.write(struct.pack(">I", len(request)) + request)
            self.process.stdin.flush()
            head = self.process.stdout.read(4)
            return self.process.stdout.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None
        except BrokenPipeError:
            return None

    def ask(self, text, wants=0):
        """(outcome, {tag: octets}); (None, {}) when it died, and the next question finds another."""
        answer = self.say(struct.pack(">BBHI", 2, wants, 0xFFFF, len(text)) + text)
        if answer is None:
            self.stop()
            self.start()
            return None, {}
        fields, at = {}, 1
        while answer[0] == OK and at < len(answer):
            tag, n = struct.unpack_from(">BI", answer, at)
            fields[tag] = answer[at + 5:at + 5 + n]
            at += 5 + n
        return answer[0], fields

    def stop(self):
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                end.close()

    def inchikey(self, smiles):
        """The standard InChIKey of what was given, salts whole; "-" when it is refused or has none."""
        _, fields = self.ask(smiles.encode())
        return fields.get(TAG_INCHIKEY, fields.get(TAG_PARENT_INCHIKEY, b"-")).decode()
