package glimt.training.sprites;

import glimt.training.recipe.TrainingException;
import java.awt.image.BufferedImage;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The animated sprites of scenes, which are read from npm archives. */
public final class Sprites {
  /** The sizes in pixels that a sprite is kept in; each is half the previous one. */
  public static final List<Integer> SIZES = List.of(128, 64, 32, 16);

  /** The largest number of frames that is kept of an animation, evenly spaced. */
  public static final int FRAMES = 24;

  /**
   * An animated sprite: square frames of premultiplied red, green, blue, alpha in 0..1, pixel by
   * pixel.
   */
  public record Sprite(Map<Integer, List<float[]>> bySize) {
    /** The number of frames. */
    public int frames() {
      return frames(SIZES.getFirst()).size();
    }

    /** The frames in a size of {@link Sprites#SIZES}. */
    public List<float[]> frames(int size) {
      List<float[]> frames = bySize.get(size);
      if (frames == null) {
        throw new IllegalArgumentException(
            "there is no sprite of size " + size + "; the sizes are " + SIZES);
      }
      return frames;
    }
  }

  private final Map<String, Sprite> byClip;

  private Sprites(Map<String, Sprite> byClip) {
    this.byClip = Map.copyOf(byClip);
  }

  /**
   * Reads sprites, which are named by their code points, such as {@code 1f433}: WebP files, which
   * may be animated, and square PNG files.
   *
   * @param folder the folder of the archives in npm's format, {@code *.tgz}
   * @param clips the names of the sprites
   * @throws TrainingException if the folder has no archives, an archive is damaged, or a sprite is
   *     missing
   */
  public static Sprites read(Path folder, List<String> clips) {
    Map<String, Sprite> found = new HashMap<>();
    List<Path> archives;
    try (Stream<Path> files = Files.list(folder)) {
      archives = files.filter(file -> file.toString().endsWith(".tgz")).sorted().toList();
    } catch (IOException broken) {
      throw new TrainingException("cannot list the data folder " + folder + ": " + broken, broken);
    }
    if (archives.isEmpty()) {
      throw new TrainingException(
          "there is no archive (*.tgz) in the data folder %s; run `npm pack %s` there"
              .formatted(folder, "@lobehub/fluent-emoji-anim-1"));
    }
    for (Path archive : archives) {
      if (found.size() < clips.size()) {
        read(archive, clips, found);
      }
    }
    TreeSet<String> missing = new TreeSet<>(clips);
    missing.removeAll(found.keySet());
    if (!missing.isEmpty()) {
      throw new TrainingException(
          "the archives in %s lack the clips %s; add npm's @lobehub/fluent-emoji-anim-1 to -4"
              .formatted(folder, missing));
    }
    return new Sprites(found);
  }

  /** Sprites from given frames by name: squares of red, green, blue, alpha in 0..255. */
  public static Sprites of(Map<String, List<int[]>> frames) {
    Map<String, Sprite> sprites = new HashMap<>();
    frames.forEach((clip, pictures) -> sprites.put(clip, sprite(pictures)));
    return new Sprites(sprites);
  }

  /** The sprite of a name that was read. */
  public Sprite of(String clip) {
    Sprite sprite = byClip.get(clip);
    if (sprite == null) {
      throw new IllegalArgumentException("the sprite " + clip + " was not read");
    }
    return sprite;
  }

  private static void read(Path archive, List<String> clips, Map<String, Sprite> found) {
    try (InputStream file = new BufferedInputStream(Files.newInputStream(archive), 1 << 16);
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(file, 1 << 16))) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        String name = entry.getName();
        String clip = name.replaceAll(".*/|(-fe0f)?\\.(webp|png)$", "");
        if (clips.contains(clip) && name.endsWith(".webp")) {
          found.put(clip, sprite(AnimatedWebp.frames(name, tar.readAllBytes())));
        } else if (clips.contains(clip) && name.endsWith(".png")) {
          found.put(clip, sprite(List.of(png(name, tar.readAllBytes()))));
        }
      }
    } catch (IOException broken) {
      throw new TrainingException(
          "cannot read %s, which may be incomplete: %s; download it again"
              .formatted(archive, broken),
          broken);
    }
  }

  /**
   * Adds a bilinearly interpolated texel, which is transparent outside the sprite.
   *
   * @param picture a frame of {@code texels} x {@code texels}
   * @param u the place from the left, in texels; 0 is the middle of the first
   * @param v the place from the top
   * @param sum receives red, green, blue and alpha
   */
  public static void add(float[] picture, int texels, double u, double v, float[] sum) {
    if (u <= -1 || v <= -1 || u >= texels || v >= texels) {
      return;
    }
    int u0 = (int) Math.floor(u);
    int v0 = (int) Math.floor(v);
    float fu = (float) (u - u0);
    float fv = (float) (v - v0);
    for (int corner = 0; corner < 4; corner++) {
      int x = u0 + (corner & 1);
      int y = v0 + (corner >> 1);
      if (x >= 0 && y >= 0 && x < texels && y < texels) {
        float weight = ((corner & 1) == 0 ? 1 - fu : fu) * (corner < 2 ? 1 - fv : fv);
        int from = 4 * (y * texels + x);
        for (int c = 0; c < 4; c++) {
          sum[c] += weight * picture[from + c];
        }
      }
    }
  }

  private static int[] png(String name, byte[] file) throws IOException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
    if (image == null || image.getWidth() != image.getHeight()) {
      throw new TrainingException(name + " is not a square PNG picture");
    }
    return pixels(image);
  }

  /** Red, green, blue, alpha in 0..255 for each pixel of a square image, row by row. */
  public static int[] pixels(BufferedImage image) {
    int side = image.getWidth();
    int[] argb = image.getRGB(0, 0, side, side, null, 0, side);
    int[] pixels = new int[4 * argb.length];
    for (int i = 0; i < argb.length; i++) {
      pixels[4 * i] = (argb[i] >> 16) & 0xff;
      pixels[4 * i + 1] = (argb[i] >> 8) & 0xff;
      pixels[4 * i + 2] = argb[i] & 0xff;
      pixels[4 * i + 3] = argb[i] >>> 24;
    }
    return pixels;
  }

  private static Sprite sprite(List<int[]> all) {
    List<int[]> frames = new ArrayList<>();
    for (int i = 0; i < Math.min(FRAMES, all.size()); i++) {
      frames.add(all.get(i * all.size() / Math.min(FRAMES, all.size())));
    }
    Map<Integer, List<float[]>> bySize = new HashMap<>();
    for (int size : SIZES) {
      bySize.put(size, frames.stream().map(frame -> shrunk(frame, size)).toList());
    }
    return new Sprite(bySize);
  }

  /** Averages the colour over the area of each pixel of the smaller picture. */
  private static float[] shrunk(int[] frame, int size) {
    int from = (int) Math.round(Math.sqrt(frame.length / 4.0));
    double scale = (double) from / size;
    float[] out = new float[4 * size * size];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        double total = 0;
        double[] sum = new double[4];
        for (int v = (int) (y * scale); v < (y + 1) * scale; v++) {
          double high = Math.min(v + 1, (y + 1) * scale) - Math.max(v, y * scale);
          for (int u = (int) (x * scale); u < (x + 1) * scale; u++) {
            double area = high * (Math.min(u + 1, (x + 1) * scale) - Math.max(u, x * scale));
            int at = 4 * (v * from + u);
            double alpha = area * frame[at + 3] / 255;
            for (int c = 0; c < 3; c++) {
              sum[c] += alpha * frame[at + c] / 255;
            }
            sum[3] += alpha;
            total += area;
          }
        }
        for (int c = 0; c < 4; c++) {
          out[4 * (y * size + x) + c] = (float) (sum[c] / total);
        }
      }
    }
    return out;
  }
}
