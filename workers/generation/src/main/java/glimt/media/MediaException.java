package glimt.media;

/**
 * A file could not be made or read. The message says what was being done, and ends in ffmpeg's own
 * last words.
 */
public final class MediaException extends RuntimeException {

  public MediaException(String doing) {
    super(doing);
  }

  public MediaException(String doing, Throwable cause) {
    super(doing, cause);
  }
}
