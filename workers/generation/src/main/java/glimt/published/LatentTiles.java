package glimt.published;

import glimt.model.Axis;
import java.util.ArrayList;
import java.util.List;

/** The pieces in which the codecs of published pipelines decode. */
final class LatentTiles {
  /** The longest side in pixels that is decoded in one piece. */
  private static final int WHOLE = 1024;

  private LatentTiles() {}

  /**
   * Cuts sides of more than {@value #WHOLE} pixels into tiles that overlap by a quarter, so that a
   * large picture takes the memory of a tile. Shorter sides stay whole, as the field decodes them:
   * a codec's norms and attention see all of a tile, so the tiles of a picture differ a little.
   *
   * @param axes of the latents
   * @param factors for each axis, how many positions of the result one of the latent becomes
   * @return the axes of the codec
   */
  static List<Axis> of(List<Axis> axes, List<Integer> factors) {
    List<Axis> tiles = new ArrayList<>();
    for (int i = 0; i < axes.size(); i++) {
      Axis axis = axes.get(i);
      boolean side = axis.name().equals("height") || axis.name().equals("width");
      int tile = WHOLE / factors.get(i);
      int most = axis.rule().most();
      tiles.add(
          side && most > tile && axis.extent() <= tile
              ? new Axis(axis.name(), most, tile, tile * 3 / 4, tile / 16, axis.rule())
              : axis);
    }
    return List.copyOf(tiles);
  }
}
