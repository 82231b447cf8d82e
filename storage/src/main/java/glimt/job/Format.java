package glimt.job;

import glimt.model.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A file people can open: how a finished level is written. */
public enum Format {
  PNG(Kind.IMAGE, "image/png"),
  JPEG(Kind.IMAGE, "image/jpeg"),
  WEBP(Kind.IMAGE, "image/webp"),
  MP4(Kind.VIDEO, "video/mp4"),
  WEBM(Kind.VIDEO, "video/webm"),
  GIF(Kind.VIDEO, "image/gif"),
  /** Animated PNG: plays in browsers, and shows its first frame everywhere else. */
  APNG(Kind.VIDEO, "image/apng"),
  GLB(Kind.POINTS, "model/gltf-binary"),
  PLY(Kind.POINTS, "application/ply");

  private final Kind kind;
  private final String mediaType;

  Format(Kind kind, String mediaType) {
    this.kind = kind;
    this.mediaType = mediaType;
  }

  public Kind kind() {
    return kind;
  }

  public String mediaType() {
    return mediaType;
  }

  /** The ending of a file's name, without the dot. */
  public String ending() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether frames or pictures of so many pixels can be written as they are. */
  public boolean holds(int width, int height) {
    // H.264 keeps colour at half the rows and columns, and OpenH264 takes no less than 16 of them.
    return this != MP4 || (width % 2 == 0 && height % 2 == 0 && Math.min(width, height) >= 16);
  }

  /** The formats of a kind; the first is its default. */
  public static List<Format> of(Kind kind) {
    return Arrays.stream(values()).filter(format -> format.kind == kind).toList();
  }

  /**
   * The format that a file's ending asks for.
   *
   * @throws InvalidSpec if no format has that ending
   */
  public static Format ofEnding(String ending) {
    String known = ending.toLowerCase(Locale.ROOT).replaceFirst("^jpg$", "jpeg");
    return Arrays.stream(values())
        .filter(format -> format.ending().equals(known))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidSpec(
                    "format",
                    "unknown format '%s'; one of %s"
                        .formatted(ending, Arrays.stream(values()).map(Format::ending).toList())));
  }
}
