package glimt.media;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decodes the beginning of a video or image that strangers sent: the middle of its first frames, as
 * the one format that its first bytes announce. FFmpeg must not guess the format, because it knows
 * playlists, which make it read other files.
 *
 * @param ffmpeg decodes; a call takes at most {@link #LIMIT}
 */
public record Excerpt(Ffmpeg ffmpeg) {
  /** The longest side of what is decoded, in pixels; of a larger picture, the middle is. */
  public static final int SIDE = 768;

  /** How many frames are decoded at most, together some 57 MB. */
  public static final int FRAMES = 32;

  /** The longest side of a file, in pixels. */
  public static final int SIDE_LIMIT = 8192;

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int HEAD = 4096;
  private static final Pattern SIZE = Pattern.compile("(\\d{1,9}),(\\d{1,9})\\R.*", Pattern.DOTALL);

  /**
   * Decodes a file.
   *
   * @throws MediaException if it is no video or image of a known format, too large, or damaged
   */
  public Frames read(Path file) throws InterruptedException {
    Ffmpeg limited = ffmpeg.within(LIMIT);
    Source source = source(limited, file);
    return decoded(
        limited, source.input(), Math.min(source.width(), SIDE), Math.min(source.height(), SIDE));
  }

  /**
   * A file that FFmpeg shall read.
   *
   * @param input the arguments that name it
   * @param width of its pictures, in pixels
   * @param height of its pictures, in pixels
   */
  record Source(List<String> input, int width, int height) {
    /** A later frame may announce another size than the first: this many pixels are decoded. */
    int pixelsLimit() {
      return SIDE_LIMIT * SIDE_LIMIT;
    }
  }

  /**
   * Finds out what a file is.
   *
   * @throws MediaException if it is no video or image of a known format, too large, or damaged
   */
  static Source source(Ffmpeg limited, Path file) throws InterruptedException {
    String format = format(file);
    List<String> input =
        List.of("-protocol_whitelist", "file", "-f", format, "-i", "file:" + file.toAbsolutePath());
    Matcher size = SIZE.matcher(said(limited, input));
    int width = size.matches() ? Integer.parseInt(size.group(1)) : 0;
    int height = size.matches() ? Integer.parseInt(size.group(2)) : 0;
    if (width == 0 || height == 0) {
      throw new MediaException("the file has no picture, or is damaged");
    }
    if (Math.max(width, height) > SIDE_LIMIT) {
      throw new MediaException(
          "the picture has %sx%s pixels; no side may be longer than %s"
              .formatted(width, height, SIDE_LIMIT));
    }
    return new Source(input, width, height);
  }

  private static String said(Ffmpeg limited, List<String> input) throws InterruptedException {
    List<String> arguments =
        joined(
            List.of(
                List.of("-select_streams", "v:0", "-show_entries", "stream=width,height"),
                List.of("-of", "csv=p=0"),
                input));
    try {
      return new String(limited.run("ffprobe", arguments, new byte[0]), StandardCharsets.UTF_8);
    } catch (MediaException broken) {
      throw new MediaException("the file is damaged, or not what it says it is", broken);
    }
  }

  private static Frames decoded(Ffmpeg limited, List<String> input, int width, int height)
      throws InterruptedException {
    List<String> arguments =
        joined(
            List.of(
                // A later frame may announce another size than the first.
                List.of(
                    "-nostdin",
                    "-threads",
                    "1",
                    "-max_pixels",
                    String.valueOf(SIDE_LIMIT * SIDE_LIMIT)),
                input,
                List.of(
                    "-map",
                    "0:v:0",
                    "-frames:v",
                    String.valueOf(FRAMES),
                    "-fps_mode",
                    "passthrough"),
                List.of("-vf", "format=rgb24,crop=%s:%s".formatted(width, height)),
                List.of("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")));
    byte[] rgb;
    try {
      rgb = limited.run("ffmpeg", arguments, new byte[0]);
    } catch (MediaException broken) {
      throw new MediaException("the file cannot be decoded; it is damaged", broken);
    }
    int count = rgb.length / (3 * width * height);
    if (count == 0 || rgb.length % count != 0) {
      throw new MediaException("the file has no whole frame; it is cut off or damaged");
    }
    return new Frames(count, height, width, 1, rgb);
  }

  /** Returns FFmpeg's name for the format that the first bytes announce. */
  private static String format(Path file) {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(HEAD);
    } catch (IOException e) {
      throw new MediaException("cannot read " + file, e);
    }
    String head = new String(bytes, StandardCharsets.ISO_8859_1);
    if (head.startsWith("\u0089PNG\r\n")) {
      return head.contains("acTL") ? "apng" : "png_pipe";
    }
    if (head.startsWith("\u00ff\u00d8\u00ff")) {
      return "jpeg_pipe";
    }
    if (head.startsWith("GIF8")) {
      return "gif";
    }
    if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) {
      return "webp_pipe";
    }
    if (head.startsWith("ftyp", 4)) {
      return "mov";
    }
    if (head.startsWith("\u001aE\u00df\u00a3")) {
      return "matroska";
    }
    throw new MediaException("the file is no MP4, WebM, GIF, PNG, JPEG, WebP, GLB or PLY");
  }

  private static List<String> joined(List<List<String>> parts) {
    return parts.stream().flatMap(List::stream).toList();
  }
}
