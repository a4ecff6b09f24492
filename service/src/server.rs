//! An HTTP server on loopback, for `make dev` and its local DynamoDB.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lambda_http::http::{Request, StatusCode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use crate::gateway::response::{Response, message};

/// How often it is asked whether the server goes on, while no connection comes.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// How long requests that have come may take when the server ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of a body, which are DynamoDB's; an HTTP API takes fewer.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What answers requests.
pub trait Server {
    /// True if each request has a connection of its own.
    const ONE_REQUEST: bool;

    /// The answer to a request; without one the connection is closed.
    fn answer(
        &self,
        request: Request<Vec<u8>>,
        from: SocketAddr,
    ) -> impl Future<Output = Option<Response>>;
}

/// Serves a listener for as long as `goes_on` says. It is asked before each connection is accepted; those that are
/// not wait in the socket's queue, for whoever listens next.
pub async fn serve<S: Server + 'static>(
    listener: TcpListener,
    goes_on: impl Fn() -> bool + Send + 'static,
    server: S,
) {
    let (accepted, mut connections) = mpsc::unbounded_channel();
    thread::spawn(move || accept(&listener, goes_on, &accepted));
    let server = Rc::new(server);
    let mut running = JoinSet::new();
    let serving = async {
        while let Some((stream, from)) = connections.recv().await {
            running.spawn_local(connection(stream, from, Rc::clone(&server)));
            while running.try_join_next().is_some() {}
        }
        let ended = async { while running.join_next().await.is_some() {} };
        // Those that take longer are cut off.
        let _in_time = timeout(PATIENCE, ended).await;
    };
    LocalSet::new().run_until(serving).await;
}

fn accept(
    listener: &TcpListener,
    goes_on: impl Fn() -> bool,
    accepted: &mpsc::UnboundedSender<(TcpStream, SocketAddr)>,
) {
    loop {
        let mut listens = [PollFd::new(listener, PollFlags::IN)];
        let comes = poll(&mut listens, Some(&PAUSE)).is_ok_and(|ready| ready > 0);
        if !goes_on() {
            return;
        }
        if comes && let Ok(connection) = listener.accept() {
            let _ends_soon = accepted.send(connection);
        }
    }
}

async fn connection<S: Server>(stream: TcpStream, from: SocketAddr, server: Rc<S>) {
    let stream = stream.set_nonblocking(true).map(|()| stream);
    let Ok(stream) = stream.and_then(tokio::net::TcpStream::from_std) else {
        return;
    };
    let service = service_fn(|request| answer(request, from, &*server));
    let mut http = http1::Builder::new();
    http.keep_alive(!S::ONE_REQUEST);
    // A client that hangs up gets no answer.
    let _hung_up = http.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer<S: Server>(
    request: Request<Incoming>,
    from: SocketAddr,
    server: &S,
) -> io::Result<lambda_http::http::Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let response = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => {
            let request = Request::from_parts(head, body.to_bytes().into());
            server.answer(request, from).await
        }
        Err(error) if error.is::<LengthLimitError>() => {
            let text = "Request Entity Too Large";
            Some(message(StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Err(_) => Some(message(StatusCode::BAD_REQUEST, "Bad Request")),
    };
    // An error closes the connection.
    let response = response.ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok(response.map(|body| Full::new(body.into())))
}
