//! Log lines on their way to stderr.
//!
//! What must stay true: whoever logs neither waits nor fails because of it, whether the disk under the log is full, its
//! reader is gone, or its reader reads nothing. Lines wait in a queue for the one thread that writes them; what it cannot
//! write, and what finds the queue full, is lost, counted, and told of when writing works again.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait at most: some 3 MB.
const QUEUE: usize = 8192;
/// How long the end of the process may wait for lines to be written.
const FLUSH: Duration = Duration::from_millis(500);
const FLUSH_STEP: Duration = Duration::from_millis(5);

/// Starts the thread that writes to `sink`. It calls `tell` with the number of lines that were lost once it has written
/// all that was waiting.
pub(super) fn start(
    sink: impl Write + Send + 'static,
    tell: impl Fn(u64) + Send + 'static,
) -> io::Result<(Lines, Flush)> {
    let (queue, messages) = sync_channel(QUEUE);
    let lost = Arc::new(Lost::default());
    let mut writer = Writer {
        sink,
        is_torn: false,
        lost: Arc::clone(&lost),
    };
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || writer.run(&messages, tell))?;
    let flush = Flush(queue.clone());
    Ok((Lines { queue, lost }, flush))
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
    lost: Arc<Lost>,
}

impl Write for Lines {
    /// Takes a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.lost.add_one();
        }
        Ok(line.len())
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
struct Lost(AtomicU64);

impl Lost {
    fn add_one(&self) {
        let total = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        // The whole sum: what was lost before metrics were recorded is in it.
        metrics::counter!("log_lines_lost_total").absolute(total);
    }

    fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
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
    lost: Arc<Lost>,
}

impl<W: Write> Writer<W> {
    fn run(&mut self, messages: &Receiver<Message>, tell: impl Fn(u64)) {
        let mut told = 0;
        let mut works = true;
        loop {
            let message = match messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Empty) => {
                    let lost = self.lost.total();
                    if works && lost > told {
                        tell(lost - told);
                        told = lost;
                    }
                    let Ok(message) = messages.recv() else {
                        return;
                    };
                    message
                }
                Err(TryRecvError::Disconnected) => return,
            };
            match message {
                Message::Line(line) => {
                    works = self.write(&line).is_ok();
                    if !works {
                        self.lost.add_one();
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
        let lost = lines.lost.total();
        assert!((4..=5).contains(&lost), "{lost}");
        drop(read);
        assert_eq!(tells.recv().unwrap(), lost);
    }
}
