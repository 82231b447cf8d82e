package glimt.published;

import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.NoPrompt;
import glimt.model.Sampling;
import glimt.model.SizeRule;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Pictures without a prompt (Ho et al. 2020; Song et al. 2021), as diffusers' {@code DDPMPipeline}
 * and {@code DDIMPipeline} make them: a U-Net of pixels in [-1, 1].
 */
final class DdpmPictures {
  private static final int STEPS = 1000;
  private static final int DDIM_STEPS = 50;

  /** The longest side of a picture that is offered. */
  private static final int LONGEST = 1024;

  private static final String CLASS = "_class_name";

  private DdpmPictures() {}

  /** The walk of the pipeline's own scheduler. */
  static BundleCard ddpm(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    return card(from, draft, options, PipelineParts.sampling(from, STEPS, 1));
  }

  /** DDIM, whatever scheduler the network was published with. */
  static BundleCard ddim(PublishedFolder from, BundleDraft draft, ImportOptions options) {
    Map<String, @Nullable Object> settings = new TreeMap<>(from.scheduler("scheduler"));
    settings.put(CLASS, "DDIMScheduler");
    return card(from, draft, options, PipelineParts.sampling(from, settings, DDIM_STEPS, 1));
  }

  private static BundleCard card(
      PublishedFolder from, BundleDraft draft, ImportOptions options, Sampling sampling) {
    from.only("scheduler", "unet");
    from.index().close();
    draft.network("unet", from, "unet", from.className("unet"));
    PublishedConfig unet = from.config("unet");
    Level level =
        new Level(
            PipelineParts.BASE,
            sides(unet),
            unet.integer("in_channels", 3),
            "unet",
            PipelineParts.parametrisation(from),
            List.of(),
            List.of(),
            0,
            null,
            sampling,
            null);
    return PipelineParts.card(from, options, Kind.IMAGE, 0, new NoPrompt(), List.of(), level);
  }

  /** Height and width, which the U-Net halves for each of its blocks but the last. */
  static List<Axis> sides(PublishedConfig unet) {
    if (!unet.has("sample_size")) {
      throw unet.refused("sample_size", "it must be one side, or height and width");
    }
    List<Integer> sides = unet.integers("sample_size", List.of(0, 0));
    if (sides.size() != 2) {
      throw unet.refused("sample_size", "it must be one side, or height and width");
    }
    int step = 1 << (unet.integers("block_out_channels", List.of(0, 0, 0, 0)).size() - 1);
    return List.of(side("height", sides.get(0), step), side("width", sides.get(1), step));
  }

  private static Axis side(String name, int extent, int step) {
    if (extent % step != 0) {
      return Axis.whole(name, extent);
    }
    int most = Math.max(extent, LONGEST / step * step);
    return new Axis(name, extent, extent, extent, 0, new SizeRule(step, most, step, 0));
  }
}
