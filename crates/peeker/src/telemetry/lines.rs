//! Log lines on their way to stderr.
//!
//! What must stay true: whoever logs neither waits nor fails because of it, whether the disk under the log is full, its
//! reader is gone, or its reader reads nothing. Lines wait in a queue for the one thread that writes them; what it cannot
//! write, and what finds the queue full, is lost, counted, and told of when writing works again.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait at most, and bytes of them: a line has the path of a request in it, which can be long.
const QUEUE: usize = 8192;
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// How long the end of the process may wait for lines to be written.
const FLUSH: Duration = Duration::from_millis(500);
const FLUSH_STEP: Duration = Duration::from_millis(5);
/// How long the thread rests when it has written all there is. Lines that come meanwhile need not wake it one by one, which
/// costs as much as writing them.
const REST: Duration = Duration::from_millis(5);

/// Starts the thread that writes to `sink`. It calls `tell` with the number of lines that were lost once it has written
/// all that was waiting.
pub(super) fn start(
    sink: impl Write + Send + 'static,
    tell: impl Fn(u64) + Send + 'static,
) -> io::Result<(Lines, Flush)> {
    let (queue, messages) = sync_channel(QUEUE);
    let account = Arc::new(Account::default());
    let mut writer = Writer {
        sink,
        is_torn: false,
        account: Arc::clone(&account),
    };
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.run(&messages, tell))?;
    let flush = Flush(queue.clone());
    Ok((Lines { queue, account }, flush))
}

enum Message {
    Line(Vec<u8>),
    /// Answered when everything before it is written or lost.
    Flush(SyncSender<()>),
}

/// Takes lines without ever failing.
#[derive(Clone)]
pub(super) struct Lines {
    queue: SyncSender<Message>,
    account: Arc<Account>,
}

impl Write for Lines {
    /// Takes a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = line.len();
        let waiting = self.account.waiting.fetch_add(length, Ordering::Relaxed) + length;
        if waiting > QUEUE_BYTES || self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.account.left(length);
            self.account.lose_one();
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[derive(Default)]
struct Account {
    lost: AtomicU64,
    /// Bytes of the lines that wait.
    waiting: AtomicUsize,
}

impl Account {
    fn left(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn lose_one(&self) {
        let total = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        // The whole sum: what was lost before metrics were recorded is in it.
        metrics::counter!("log_lines_lost_total").absolute(total);
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// Waits a moment for the lines on their way when it is dropped.
#[must_use = "lines that are on their way are lost at the end of the process without it"]
pub struct Flush(SyncSender<Message>);

impl Drop for Flush {
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH;
        let (done, flushed) = sync_channel(1);
        let mut message = Message::Flush(done);
        while let Err(TrySendError::Full(refused)) = self.0.try_send(message) {
            if Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(FLUSH_STEP);
            message = refused;
        }
        let _ = flushed.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

struct Writer<W> {
    sink: W,
    /// Whether the last line was cut off.
    is_torn: bool,
    account: Arc<Account>,
}

impl<W: Write> Writer<W> {
    fn run(&mut self, messages: &Receiver<Message>, tell: impl Fn(u64)) {
        let mut told = 0;
        let mut works = true;
        let mut rested = true;
        loop {
            let message = match messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Empty) => {
                    let lost = self.account.lost();
                    if works && lost > told {
                        tell(lost - told);
                        told = lost;
                    }
                    if !std::mem::replace(&mut rested, true) {
                        std::thread::sleep(REST);
                        continue;
                    }
                    let Ok(message) = messages.recv() else {
                        return;
                    };
                    message
                }
                Err(TryRecvError::Disconnected) => return,
            };
            rested = false;
            match message {
                Message::Line(line) => {
                    works = self.write(&line).is_ok();
                    self.account.left(line.len());
                    if !works {
                        self.account.lose_one();
                    }
                }
                Message::Flush(done) => {
                    let _ = done.send(());
                }
            }
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.sink.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut rest = line;
        while !rest.is_empty() {
            let written = match self.sink.write(rest) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                outcome => outcome,
            };
            let written = written.inspect_err(|_| self.is_torn = rest.len() < line.len())?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    /// Takes so many bytes and no more, as a disk does.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Disk {
        fn with_room(bytes: usize) -> Self {
            Self(Arc::new(Mutex::new((Vec::new(), bytes))))
        }

        fn give_room(&self, bytes: usize) {
            self.0.lock().unwrap().1 += bytes;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let (text, room) = &mut *disk;
            if *room == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            let length = bytes.len().min(*room);
            text.extend_from_slice(&bytes[..length]);
            *room -= length;
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Waits until everything is written or lost.
    fn settle(lines: &Lines) {
        let (done, settled) = sync_channel(1);
        lines.queue.send(Message::Flush(done)).unwrap();
        settled.recv().unwrap();
    }

    #[test]
    fn a_full_disk_loses_lines_and_they_are_told_of_once_there_is_room() {
        let disk = Disk::with_room(9);
        let (told, tells) = channel();
        let (mut lines, _flush) =
            start(disk.clone(), move |lost| told.send(lost).unwrap()).unwrap();
        for line in ["first\n", "second\n", "third\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        settle(&lines);
        assert_eq!(disk.text(), "first\nsec");
        assert!(
            tells.try_recv().is_err(),
            "there is no use in telling it to a full disk"
        );
        disk.give_room(100);
        lines.write_all(b"fourth\n").unwrap();
        assert_eq!(tells.recv().unwrap(), 2);
        assert_eq!(
            disk.text(),
            "first\nsec\nfourth\n",
            "every line that is whole stands alone"
        );
        lines.write_all(b"fifth\n").unwrap();
        settle(&lines);
        assert!(tells.try_recv().is_err(), "it is told once");
    }

    /// A pipe whose reader reads nothing until it is told to.
    struct Pipe(Receiver<()>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_reads_nothing_holds_up_nobody() {
        let (read, reads) = channel();
        let (told, tells) = channel();
        let (mut lines, _flush) = start(Pipe(reads), move |lost| told.send(lost).unwrap()).unwrap();
        // One more may have left the queue for the pipe.
        for _ in 0..QUEUE + 5 {
            lines.write_all(b"line\n").unwrap();
        }
        let lost = lines.account.lost();
        assert!((4..=5).contains(&lost), "{lost}");
        drop(read);
        assert_eq!(tells.recv().unwrap(), lost);
    }

    #[test]
    fn long_lines_fill_the_queue_sooner() {
        let (_read, reads) = channel();
        let (mut lines, _flush) = start(Pipe(reads), |_| {}).unwrap();
        let long = vec![b'x'; QUEUE_BYTES / 4];
        for _ in 0..5 {
            lines.write_all(&long).unwrap();
        }
        assert_eq!(lines.account.lost(), 1);
    }
}
