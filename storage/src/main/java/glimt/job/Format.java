package glimt.job;

import glimt.model.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The file formats in which finished levels are written. */
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

  /** Returns the file name extension, without the dot. */
  public String ending() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns whether the format can store frames or pictures of this size in pixels. */
  public boolean holds(int width, int height) {
    // H.264 stores colour at half the rows and columns, and OpenH264 needs at least 16 of each.
    return this != MP4 || (width % 2 == 0 && height % 2 == 0 && Math.min(width, height) >= 16);
  }

  /** Returns the formats of a kind; the first is the default. */
  public static List<Format> of(Kind kind) {
    return Arrays.stream(values()).filter(format -> format.kind == kind).toList();
  }

  /**
   * Returns the format of a file name extension, in either case.
   *
   * @throws InvalidSpec if no format has that extension
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
                    "unknown format '%s'; choose one of %s"
                        .formatted(ending, Arrays.stream(values()).map(Format::ending).toList())));
  }
}
