//! A small client of HTTP/1.1, which can also send what is wrong.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// What no answer in these tests takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A line of the head, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The one line of a failure.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        let error = json["error"].as_str().unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(error.lines().count(), 1, "{error}");
        error.to_owned()
    }
}

pub(crate) fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(10))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends bytes as they are and reads an answer.
pub(crate) fn exchange(addr: SocketAddr, request: &[u8]) -> io::Result<Reply> {
    let mut stream = connect(addr)?;
    // The server may answer before it has everything.
    let sent = stream.write_all(request);
    let reply = match request.starts_with(b"HEAD ") {
        true => receive_head(&mut stream),
        false => receive(&mut stream),
    };
    reply.or_else(|e| sent.and(Err(e)))
}

/// Reads an answer that has no body, whatever length it names.
fn receive_head(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    Ok(Reply {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        head: text,
        body: Vec::new(),
    })
}

/// Reads an answer until the connection ends or the body is there.
pub(crate) fn receive(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        if let Some(reply) = whole(&bytes) {
            return Ok(reply);
        }
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut reply = Reply {
        status,
        head,
        body: bytes[end + 4..].to_vec(),
    };
    let length: usize = reply
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let complete = reply.body.len() >= length;
    reply.body.truncate(length);
    complete.then_some(reply)
}

pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if method == "POST" {
        head += &format!("Content-Length: {length}\r\n");
    }
    head + "\r\n"
}

pub(crate) const BOUNDARY: &str = "----sarangi-test-4d2f8a";
pub(crate) const FORM: (&str, &str) = (
    "Content-Type",
    "multipart/form-data; boundary=----sarangi-test-4d2f8a",
);

/// A part of a form.
pub(crate) enum Part<'a> {
    Text(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{BOUNDARY}\r\n").bytes());
        let (about, content) = match part {
            Part::Text(name, text) => (format!("name=\"{name}\""), text.as_bytes()),
            Part::File(name, file, bytes) => {
                let about = format!("name=\"{name}\"; filename=\"{file}\"");
                (about + "\r\nContent-Type: application/octet-stream", *bytes)
            }
        };
        body.extend(format!("Content-Disposition: form-data; {about}\r\n\r\n").bytes());
        body.extend(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

/// A whole request with a form.
pub(crate) fn posting(path: &str, parts: &[Part<'_>]) -> Vec<u8> {
    let body = form(parts);
    let mut request = head("POST", path, &[FORM], body.len()).into_bytes();
    request.extend(body);
    request
}
