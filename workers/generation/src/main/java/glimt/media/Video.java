package glimt.media;

import glimt.job.Format;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Encodes frames as video files and decodes them. Equal frames give equal bytes. */
public final class Video {

  private static final float THUMBNAIL_QUALITY = 0.9f;

  /** The longest side in pixels of a frame on a sheet. */
  private static final int SHEET_SIDE = 128;

  private static final Pattern SHAPE =
      Pattern.compile("(\\d+),(\\d+),(\\d+)/(\\d+).*", Pattern.DOTALL);

  private final Ffmpeg ffmpeg;

  /** Creates an encoder that runs the given program. */
  public Video(Ffmpeg ffmpeg) {
    this.ffmpeg = ffmpeg;
  }

  /**
   * Writes {@code frames} to {@code target}, which is replaced atomically when the file is
   * complete.
   *
   * @throws IllegalArgumentException if the format is not a video format or does not support the
   *     frames' size, see {@link Format#holds}
   * @throws MediaException if the file cannot be written; {@code target} is then unchanged
   */
  public void write(Frames frames, Format format, Path target) throws InterruptedException {
    var encoding = Encoding.of(format);
    if (!format.holds(frames.width(), frames.height())) {
      throw new IllegalArgumentException(
          "%s does not support frames of %sx%s pixels"
              .formatted(format, frames.width(), frames.height()));
    }
    Path whole = target.toAbsolutePath();
    Path part = whole.resolveSibling(whole.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      ffmpeg.run("ffmpeg", arguments(frames, encoding, part), frames.rgb());
      Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new MediaException("cannot write " + whole, e);
    } finally {
      deleteIfThere(part);
    }
  }

  /** Encodes frames as {@link #write} does and returns the bytes of the file. */
  public byte[] bytes(Frames frames, Format format) throws InterruptedException {
    try {
      // MP4 needs a seekable file, not a pipe.
      Path file = Files.createTempFile("glimt-", "." + format.ending());
      try {
        write(frames, format, file);
        return Files.readAllBytes(file);
      } finally {
        deleteIfThere(file);
      }
    } catch (IOException e) {
      throw new MediaException("cannot write a temporary file of format " + format, e);
    }
  }

  /**
   * Decodes all frames of a video file.
   *
   * @throws MediaException if the file is not a video
   */
  public Frames read(Path file) throws InterruptedException {
    Shape shape = shape(file);
    return decoded(file, "", shape.width(), shape.height(), shape.fps());
  }

  /**
   * Decodes the middle frame of a video and encodes it as a JPEG of the same size.
   *
   * @param frames the number of frames in the file
   * @throws MediaException if the file is not a video
   */
  public byte[] thumbnail(Path file, int frames) throws InterruptedException {
    Shape shape = shape(file);
    String middle = "select=eq(n\\," + frames / 2 + "),";
    Frames one = decoded(file, middle, shape.width(), shape.height(), shape.fps());
    return SpriteSheet.jpeg(one.picture(0), THUMBNAIL_QUALITY);
  }

  /**
   * Decodes up to 64 evenly spaced frames of a video and arranges them as a preview.
   *
   * @param frames the number of frames in the file
   * @throws MediaException if the file is not a video
   */
  public Preview.Sheet sheet(Path file, int frames) throws InterruptedException {
    Shape shape = shape(file);
    double scale = Math.min(1, SHEET_SIDE / (double) Math.max(shape.width(), shape.height()));
    int every = Math.ceilDiv(frames, SpriteSheet.MOST_FRAMES);
    return Preview.of(
        decoded(
            file,
            "select=not(mod(n\\," + every + ")),",
            Math.max(1, (int) (shape.width() * scale)),
            Math.max(1, (int) (shape.height() * scale)),
            shape.fps()));
  }

  private record Shape(int width, int height, double fps) {}

  private Shape shape(Path file) throws InterruptedException {
    byte[] said =
        ffmpeg.run(
            "ffprobe",
            List.of(
                "-select_streams",
                "v:0",
                "-show_entries",
                "stream=width,height,r_frame_rate",
                "-of",
                "csv=p=0",
                source(file)),
            new byte[0]);
    Matcher shape = SHAPE.matcher(new String(said, StandardCharsets.UTF_8));
    if (!shape.matches()) {
      throw new MediaException(file + " contains no video");
    }
    return new Shape(
        Integer.parseInt(shape.group(1)),
        Integer.parseInt(shape.group(2)),
        Double.parseDouble(shape.group(3)) / Double.parseDouble(shape.group(4)));
  }

  /**
   * Decodes frames at a given size.
   *
   * @param select a filter, with a trailing comma, that selects some of the frames; empty for all
   */
  private Frames decoded(Path file, String select, int width, int height, double fps)
      throws InterruptedException {
    byte[] rgb =
        ffmpeg.run(
            "ffmpeg",
            List.of(
                "-nostdin",
                "-threads",
                "1",
                "-i",
                source(file),
                "-map",
                "0:v:0",
                "-vf",
                select
                    + "scale="
                    + width
                    + ":"
                    + height
                    + ":flags=bilinear+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact",
                "-fps_mode",
                "passthrough",
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
                "pipe:1"),
            new byte[0]);
    return new Frames(rgb.length / (3 * width * height), height, width, fps, rgb);
  }

  private static String source(Path file) {
    return "file:" + file.toAbsolutePath();
  }

  private static List<String> arguments(Frames frames, Encoding encoding, Path target) {
    var all = new ArrayList<String>();
    all.addAll(List.of("-f", "rawvideo", "-pix_fmt", "rgb24"));
    all.addAll(List.of("-video_size", frames.width() + "x" + frames.height()));
    all.addAll(List.of("-framerate", Double.toString(frames.fps()), "-i", "pipe:0"));
    all.addAll(
        List.of("-filter_threads", "1", "-vf", encoding.filter(), "-fps_mode", "passthrough"));
    all.addAll(encoding.encoder());
    // One thread, and no version or time stamp in the file, so that equal frames give equal bytes.
    all.addAll(
        List.of(
            "-threads",
            "1",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact"));
    all.addAll(List.of("-y", "file:" + target));
    return all;
  }

  private static void deleteIfThere(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new MediaException("cannot delete " + file, e);
    }
  }
}
