package glimt.media;

/**
 * Thrown when a media file cannot be written or read. The message names the failed operation and,
 * if ffmpeg failed, ends with its last lines of output.
 */
public final class MediaException extends RuntimeException {

  public MediaException(String doing) {
    super(doing);
  }

  public MediaException(String doing, Throwable cause) {
    super(doing, cause);
  }
}
