package glimt.training.pictures;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.bundle.Safetensors.Tensor;
import glimt.media.ContactSheet;
import glimt.media.Picture;
import glimt.training.learning.Dataset;
import glimt.training.sprites.Sprites.Sprite;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The training samples of the autoencoder: squares cut out of sprites, which are drawn in any size,
 * pose and place, [B, 4, side, side] in premultiplied red, green, blue and alpha from -1 to 1.
 */
final class Crops implements Dataset {
  private static final double SMALLEST = 0.6;

  /**
   * The data settings of the autoencoder.
   *
   * @param crop the height and width of a sample in pixels
   */
  record Cut(@JsonProperty(required = true) int crop) {}

  private final List<Sprite> sprites;
  private final int side;

  Crops(List<Sprite> sprites, int side) {
    this.sprites = List.copyOf(sprites);
    this.side = side;
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of();
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    int values = 4 * side * side;
    float[] x = new float[size * values];
    for (int row = 0; row < size; row++) {
      Sprite sprite = sprites.get(random.nextInt(sprites.size()));
      int frame = random.nextInt(sprite.frames());
      double pixels = Portrait.SIDE * random.nextDouble(SMALLEST, 1);
      // Most of a crop shows the sprite: its corner lies where the sprite's does, or within it.
      double left = random.nextDouble(-4, Math.max(1, pixels - side + 4));
      double top = random.nextDouble(-4, Math.max(1, pixels - side + 4));
      Portrait.draw(sprite, frame, pixels, left, top, side, x, row * values);
    }
    return new Batch(Tensor.of(x, size, 4, side, side), Tensor.of(new long[size], size, 1), null);
  }

  /** Draws each crop over grey. */
  @Override
  public Optional<Picture> picture(Batch batch, float[] samples) {
    List<ContactSheet.Cell> cells = new ArrayList<>();
    int values = 4 * side * side;
    for (int row = 0; row < samples.length / values; row++) {
      float[] picture = Portrait.over(samples, row * values, side, 0, 0, 0);
      cells.add(new ContactSheet.Cell(Portrait.picture(picture, side), ""));
    }
    return Optional.of(ContactSheet.of(cells, 8, side));
  }
}
