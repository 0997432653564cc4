"""A load generator: clients that send a file again as soon as they have their answer.

    python benches/comparison/load.py http://127.0.0.1:8080/predict song.mp3 --clients 8 --requests 200

prints one JSON object. Its own work is small beside that of a server, but takes from the same cores.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = "----sarangi-load"


def posting(url, file):
    """The bytes of a request that sends a file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
    body = head.encode() + b"Content-Type: audio/mpeg\r\n\r\n" + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    lines = [
        f"POST {url.path} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def client(url, request, count, times, failures):
    reader = writer = None
    while count["left"] > 0:
        count["left"] -= 1
        began = time.perf_counter()
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(url.hostname, url.port)
            writer.write(request)
            await writer.drain()
            status, keep = await answer(reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            status, keep = str(error) or type(error).__name__, False
        if status == 200:
            times.append(time.perf_counter() - began)
        else:
            failures[status] = failures.get(status, 0) + 1
        if not keep and writer is not None:
            writer.close()
            writer = None


async def answer(reader):
    """The status, and whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(" ")[1]), "connection: close" not in head


def quantile(times, share):
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def run(address, file, clients, requests):
    """Requests a second, and how long one takes in ms: half of them, and all but one in a hundred, take less."""
    url, times, failures = urlsplit(address), [], {}
    request, count = posting(url, Path(file)), {"left": requests}

    async def all_clients():
        await asyncio.gather(*(client(url, request, count, times, failures) for _ in range(clients)))

    began = time.perf_counter()
    asyncio.run(all_clients())
    seconds = time.perf_counter() - began
    result = {"clients": clients, "requests": requests, "seconds": seconds, "failures": failures}
    if times:
        result |= {"per_second": len(times) / seconds}
        result |= {"p50_ms": 1e3 * quantile(times, 0.5), "p99_ms": 1e3 * quantile(times, 0.99)}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("url")
    parser.add_argument("file")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--requests", type=int, default=200)
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.url, chosen.file, chosen.clients, chosen.requests)))


if __name__ == "__main__":
    main()
