//! An answer that comes faster than it is read, and never ends.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use serde_json::json;

use crate::smol::Smol;

/// Answers every question with words and words; its address.
fn flood() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || pour(stream));
        }
    });
    format!("http://{address}/v1")
}

/// Until nobody listens any more.
fn pour(mut stream: TcpStream) -> std::io::Result<()> {
    // What is asked does not matter, and is not read to its end.
    let _ = stream.read(&mut [0; 1024])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")?;
    let events = |number: usize| {
        let content = format!("word {number}, ").repeat(16);
        format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": content } }] }))
    };
    let events: String = (0..500).map(events).collect();
    loop {
        stream.write_all(events.as_bytes())?;
    }
}

#[test]
fn an_answer_without_an_end_is_stopped() {
    let smol = Smol::new().spec("A program.\n").offline();
    let run = smol.args(["gen", "-m", "x", "--retries", "0", "--base-url", &flood()]).exit(1);
    run.says("the answer was stopped at 4194304 bytes, more than any file needs");
}
