//! Connections that cannot be made safely: what is said, and the way out.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::smol::Smol;

/// For `localhost`, from an authority that nobody knows; and that authority's certificate.
pub fn identity() -> (ServerConfig, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("is fine");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("makes a key")).expect("signs");
    let key = KeyPair::generate().expect("makes a key");
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).expect("is a name").signed_by(&key, &authority).expect("signs");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("has versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("fits");
    (config, authority.pem())
}

/// A server with a certificate of an authority that nobody knows: its address, and the authority's certificate.
fn server() -> (String, String) {
    let (config, authority) = identity();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = format!("https://localhost:{}/v1", listener.local_addr().expect("it is bound").port());
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("is configured");
            let mut stream = StreamOwned::new(connection, socket);
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 418 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.flush();
            }
        }
    });
    (address, authority)
}

#[test]
fn a_certificate_that_nobody_knows_is_refused_until_its_authority_is_named() {
    let (address, authority) = server();
    let smol = || Smol::new().spec("x").write("authority.pem", &authority);
    let gen_there = || smol().args(["gen", "--base-url"]).arg(&address);
    gen_there()
        .exit(3)
        .says("no secure connection to localhost:")
        .says("certificate")
        .says("hint: a server of your own may have its own authority: SSL_CERT_FILE");
    let known = gen_there();
    let file = known.dir.path().join("authority.pem").display().to_string();
    known.env("SSL_CERT_FILE", &file).exit(3).says("answered with status 418");
}

#[test]
fn a_server_that_speaks_plain_http_is_no_secure_one() {
    let smol = Smol::new().spec("x").args(["gen", "--base-url"]).arg("{address-as-https}");
    smol.exit(3).says("no secure connection to 127.0.0.1:").says("does the server speak plain http:// there").asked(0);
}
