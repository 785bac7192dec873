//! HTTP/2, as hosted services speak it: all answers over one connection.

use std::{
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::header::CONTENT_TYPE;
use tokio_rustls::TlsAcceptor;

use crate::{
    fake::{Answer, Answers, Fake},
    secure::identity,
    smol::{Smol, plan},
};

/// Passes on to a fake what it gets over TLS and HTTP/2.
struct Gateway {
    url: String,
    /// The certificate of its authority.
    authority: String,
    connections: Arc<Mutex<Vec<Arc<Load>>>>,
}

/// What one connection carries, and the most that it ever carried.
#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gateway {
    /// With `silent_after`, the first connection says nothing any more when it has taken so many questions.
    fn start(fake: &Fake, silent_after: Option<usize>) -> Gateway {
        let (mut config, authority) = identity();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("https://localhost:{}/v1", listener.local_addr().expect("it is bound").port());
        listener.set_nonblocking(true).expect("can be");
        let connections = Arc::<Mutex<Vec<Arc<Load>>>>::default();
        let (loads, upstream) = (connections.clone(), fake.url.trim_end_matches("/v1").to_owned());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("is a listener");
                while let Ok((socket, _)) = listener.accept().await {
                    let (acceptor, upstream, load) = (acceptor.clone(), upstream.clone(), Arc::new(Load::default()));
                    let silent_after = silent_after.filter(|_| loads.lock().expect("no thread died").is_empty());
                    loads.lock().expect("no thread died").push(load.clone());
                    tokio::spawn(async move {
                        let Ok(socket) = acceptor.accept(socket).await else { return };
                        let Ok(mut connection) = h2::server::handshake(socket).await else { return };
                        let mut taken = 0;
                        while let Some(Ok((request, respond))) = connection.accept().await {
                            if silent_after == Some(taken) {
                                std::future::pending::<()>().await;
                            }
                            taken += 1;
                            tokio::spawn(pass_on(request, respond, upstream.clone(), load.clone()));
                        }
                    });
                }
            });
        });
        Gateway { url, authority, connections }
    }

    /// The most answers that each connection carried at the same time. Some are opened in a race and never used.
    fn carried(&self) -> Vec<usize> {
        let connections = self.connections.lock().expect("no thread died");
        connections.iter().map(|load| load.most.load(Ordering::Relaxed)).filter(|most| *most > 0).collect()
    }
}

async fn pass_on(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    upstream: String,
    load: Arc<Load>,
) {
    let now = load.now.fetch_add(1, Ordering::Relaxed) + 1;
    load.most.fetch_max(now, Ordering::Relaxed);
    let (head, mut body) = request.into_parts();
    let mut question = Vec::new();
    while let Some(Ok(part)) = body.data().await {
        body.flow_control().release_capacity(part.len()).expect("it came");
        question.extend_from_slice(&part);
    }
    let address = format!("{upstream}{}", head.uri.path());
    let asked = reqwest::Client::new().request(head.method, address).headers(head.headers).body(question);
    let mut answer = asked.send().await.expect("the fake is there");
    let mut answered = http::Response::new(());
    *answered.status_mut() = answer.status();
    if let Some(kind) = answer.headers().get(CONTENT_TYPE) {
        answered.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    // Whoever asked may be gone by now.
    let Ok(mut stream) = respond.send_response(answered, false) else { return };
    while let Ok(Some(part)) = answer.chunk().await {
        let _ = stream.send_data(part, false);
    }
    let _ = stream.send_data(Bytes::new(), true);
    load.now.fetch_sub(1, Ordering::Relaxed);
}

/// A project of so many files, and its answers, each held up long enough that all are asked for at the same time.
fn project(files: usize) -> (Vec<String>, Answers) {
    let paths: Vec<String> = (0..files).map(|index| format!("f{index}.js")).collect();
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    let first = [("plan", Answer::text(plan(&names))), ("list", Answer::list(&names))];
    let first = first.map(|(question, answer)| (question.to_owned(), vec![answer]));
    let pause = Duration::from_secs(2);
    let file = |path: &String| (path.clone(), vec![Answer::text("const a = 1;\n").after(pause)]);
    let answers = first.into_iter().chain(paths.iter().map(file)).collect();
    (paths, answers)
}

fn gen_through(gateway: &Gateway, option: &str, value: &str) -> Smol {
    let smol =
        Smol::new().spec("x").write("authority.pem", &gateway.authority).args(["gen", option, value, "--base-url"]);
    let authority = smol.dir.path().join("authority.pem").display().to_string();
    smol.arg(&gateway.url).env("SSL_CERT_FILE", &authority)
}

#[test]
fn all_answers_come_over_one_connection() {
    let (paths, answers) = project(12);
    let fake = Fake::start(answers, None);
    let gateway = Gateway::start(&fake, None);
    let run = gen_through(&gateway, "--jobs", "12").success();
    assert_eq!(run.files().len(), paths.len() + 1, "and the plan: {:?}", run.files());
    assert_eq!(gateway.carried(), [13], "the files and the list");
}

#[test]
fn more_answers_than_a_connection_carries_take_another() {
    let (paths, answers) = project(120);
    let fake = Fake::start(answers, None);
    let gateway = Gateway::start(&fake, None);
    let run = gen_through(&gateway, "--jobs", "120").success();
    assert_eq!(run.files().len(), paths.len() + 1);
    let carried = gateway.carried();
    assert!(carried.len() > 1 && carried.iter().all(|most| *most <= 100), "{carried:?}");
}

#[test]
fn a_connection_that_is_lost_without_a_word_is_given_up() {
    let (paths, answers) = project(3);
    let fake = Fake::start(answers, None);
    let gateway = Gateway::start(&fake, Some(1));
    let run = gen_through(&gateway, "--connect-timeout", "1").success();
    assert_eq!(run.files().len(), paths.len() + 1);
    assert_eq!(gateway.carried().len(), 2);
}
