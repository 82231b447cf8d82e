package glimt.published;

import glimt.bundle.BundleException;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Refinement;
import glimt.model.SizeRule;
import glimt.published.ImportLevels.LevelSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The second stage of LTX-Video, as diffusers' {@code LTXLatentUpsamplePipeline} and {@code
 * LTXConditionPipeline} make it: the latents of the level below are enlarged by a network of their
 * own, get the means and spreads of the small ones, and are noised and denoised by the base's
 * transformer.
 */
final class LatentUpsampling {
  private static final String COMPONENT = "latent_upsampler";
  private static final String CONFIG = "config.json";

  /** How far the channels get the tones of the small latents, as the published recipes have it. */
  private static final double ADAPTATION = 1;

  private static final int FACTOR = 2;

  private LatentUpsampling() {}

  /** Whether a folder holds an upsampler of latents, by itself or beside a pipeline. */
  static boolean is(Path folder) {
    return Files.exists(folder.resolve(COMPONENT).resolve(CONFIG));
  }

  /**
   * A card with one more level.
   *
   * @throws BundleException if the level below is none of LTX-Video
   */
  static BundleCard above(
      BundleCard card, BundleDraft draft, LevelSource source, String variant, int number) {
    Path folder = source.source().resolve(COMPONENT);
    Level below = card.levels().getLast();
    String published = card.notes().getOrDefault("published", "");
    Codec codec = below.codec();
    if (!published.contains("LTX") || codec == null) {
      throw new BundleException(
          "%s: it enlarges latents of LTX-Video, not of %s".formatted(folder, published));
    }
    if (source.size() != null || source.tile() != null) {
      throw new BundleException("%s: it makes a size of its own, in one piece".formatted(folder));
    }
    PublishedConfig config =
        PublishedConfig.of(
            folder.resolve(CONFIG).toString(), PublishedFolder.json(folder.resolve(CONFIG)));
    int longer = config.flag("temporal_upsample", false) ? FACTOR : 1;
    int wider = config.flag("spatial_upsample", true) ? FACTOR : 1;
    List<Integer> factors = List.of(longer, wider, wider);
    draft.network(COMPONENT, PublishedWeights.in(folder, variant), config, config.className());
    List<Axis> axes = new ArrayList<>();
    for (int i = 0; i < below.axes().size(); i++) {
      boolean firstStays = codec.causal().get(i);
      axes.add(enlarged(below.axes().get(i), factors.get(i), firstStays));
    }
    String name = LevelChain.name(number);
    Level level =
        new Level(
            name,
            axes,
            below.channels(),
            below.network(),
            below.parametrisation(),
            below.ports().stream().map(port -> faster(port, longer)).toList(),
            List.of(),
            0,
            below.codec(),
            below.sampling(),
            null,
            new Refinement(
                source.refining(),
                new Refinement.Upsampler(
                    LevelChain.prefix(number) + COMPONENT, factors, ADAPTATION, 0)),
            null,
            below.firstFrame(),
            null,
            null);
    List<Level> levels = new ArrayList<>(card.levels());
    levels.add(level);
    Map<String, String> notes = new TreeMap<>(card.notes());
    notes.put(name + ": published", "a %s of diffusers".formatted(config.className()));
    return card.with(levels, card.fps() * longer).with(card.files(), notes);
  }

  /** Twice the frames are as many seconds: the places of each lie so much closer. */
  private static Port faster(Port port, int factor) {
    Port.Places places = port.places();
    if (places == null || factor == 1) {
      return port;
    }
    List<Double> steps = new ArrayList<>(places.steps());
    List<Double> firsts = new ArrayList<>(places.firsts());
    steps.set(0, steps.getFirst() / factor);
    firsts.set(0, firsts.getFirst() / factor);
    return Port.places(port.name(), new Port.Places(steps, firsts));
  }

  /** An axis of so many positions for each, but for the first where that stays one. */
  private static Axis enlarged(Axis axis, int factor, boolean firstStays) {
    int less = firstStays ? factor - 1 : 0;
    SizeRule rule = axis.rule();
    int multiple = rule.multiple() * factor;
    SizeRule sizes =
        new SizeRule(
            rule.least() * factor - less,
            rule.most() * factor - less,
            multiple,
            Math.floorMod(rule.plus() * factor - less, multiple));
    int extent = axis.extent() * factor - less;
    return new Axis(axis.name(), extent, extent, extent, 0, sizes);
  }
}
