package glimt.deploy.node;

import glimt.gateway.Thumbnailer;
import glimt.media.Ffmpeg;
import glimt.media.Video;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Makes thumbnails with FFmpeg, which is unpacked at the first use; at most two at a time. */
public final class FfmpegThumbnailer implements Thumbnailer {
  private static final int AT_ONCE = 2;

  private final Path cache;
  private final Semaphore free = new Semaphore(AT_ONCE);
  private final Lock unpacking = new ReentrantLock();
  private @Nullable Video video;

  FfmpegThumbnailer(Path cache) {
    this.cache = cache;
  }

  @Override
  public byte[] thumbnail(Path file, int frames) throws InterruptedException {
    free.acquire();
    try {
      return video().thumbnail(file, frames);
    } finally {
      free.release();
    }
  }

  @Override
  public byte[] sheet(Path file, int frames) throws InterruptedException {
    free.acquire();
    try {
      return video().sheet(file, frames).bytes();
    } finally {
      free.release();
    }
  }

  private Video video() {
    unpacking.lock();
    try {
      Video there = video;
      if (there == null) {
        there = new Video(Ffmpeg.unpackedIn(cache));
        video = there;
      }
      return there;
    } finally {
      unpacking.unlock();
    }
  }
}
