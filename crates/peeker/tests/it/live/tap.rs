//! Somebody between the server and a vendor, who hears every byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What was heard: one direction of one connection each.
#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<Mutex<Vec<Vec<u8>>>>);

impl Tap {
    /// Listens on a way to `url`. Gives back the URL of that way.
    pub(crate) fn on(&self, url: &str) -> String {
        let vendor = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let way = format!("http://{}", listener.local_addr().unwrap());
        let tap = self.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, vendor) = (client.unwrap(), TcpStream::connect(&vendor).unwrap());
                let (asked, answered) = (client.try_clone().unwrap(), vendor.try_clone().unwrap());
                tap.pass(asked, vendor);
                tap.pass(answered, client);
            }
        });
        way
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let heard = Arc::clone(&self.0);
        let place = {
            let mut heard = heard.lock().unwrap();
            heard.push(Vec::new());
            heard.len() - 1
        };
        thread::spawn(move || {
            let mut piece = [0; 16 * 1024];
            // Whoever has gone has nothing more to say.
            while let Ok(length @ 1..) = from.read(&mut piece) {
                heard.lock().unwrap()[place].extend_from_slice(&piece[..length]);
                if to.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Write);
        });
    }

    /// All of it, as text.
    pub(crate) fn heard(&self) -> String {
        let heard = self.0.lock().unwrap();
        let texts = heard.iter().map(|bytes| String::from_utf8_lossy(bytes));
        texts.collect::<Vec<_>>().join("\n")
    }
}
