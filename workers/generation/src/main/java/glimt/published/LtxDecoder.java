package glimt.published;

import glimt.model.Codec;
import glimt.pipeline.LatentDecoder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The decoder of LTX-Video's codec. It takes {@code latent} [B, latent frames, latent_channels, h,
 * w] and, with {@code timestep_conditioning}, {@code timestep} [B], the share of noise that is left
 * in it; with {@code decoder_inject_noise}, {@code noise_0}, {@code noise_1}, … [planes, rows,
 * columns], the {@link #planes}; it answers a clip in [-1, 1], all float32.
 */
final class LtxDecoder {
  private LtxDecoder() {}

  static PublishedNetwork of(PublishedConfig config, Set<String> tensors) {
    config.ignore(
        "block_out_channels",
        "down_block_types",
        "downsample_type",
        "layers_per_block",
        "spatio_temporal_scaling",
        "encoder_causal");
    double eps = LtxAutoencoder.eps(config);
    boolean timed = config.flag("timestep_conditioning", false);
    List<Integer> widths =
        config.integers("decoder_block_out_channels", LtxAutoencoder.WIDTHS).reversed();
    List<Boolean> scaling =
        config.flags("decoder_spatio_temporal_scaling", LtxAutoencoder.SCALING).reversed();
    List<Integer> layers =
        config.integers("decoder_layers_per_block", LtxAutoencoder.LAYERS).reversed();
    List<Boolean> residual =
        config.flags("upsample_residual", List.of(false, false, false, false)).reversed();
    List<Integer> factors = config.integers("upsample_factor", List.of(1, 1, 1, 1)).reversed();
    List<Boolean> noisy = noisy(config, layers.size());
    boolean draws = noisy.contains(true);
    String ports = ports(noisy);
    SourceText source = new SourceText();
    source.add(
        (draws ? NOISY_HEAD : LtxAutoencoder.HEAD)
            + (timed ? TIMED_DECODER : DECODER)
                .replace("{ports}", ports)
                .replace("{taken}", draws ? ", planes: List[Tensor]" : "")
                .replace("{handed}", draws ? ", planes" : "")
                .replace("{own}", noisy.getFirst() ? ", planes[0]" : "")
                .replace(
                    "{drawn}",
                    draws ? ", [" + ports.replace(": Tensor", "").substring(2) + "]" : ""),
        LtxAutoencoder.sizes(config, "decoder_causal", false));
    resnets(source, "MiddleResnets", layers.getFirst(), timed, noisy.getFirst());
    List<String> blocks = new ArrayList<>();
    int width = widths.getFirst();
    for (int i = 0; i < widths.size(); i++) {
      int from = width / factors.get(i);
      width = widths.get(i) / factors.get(i);
      if (timed && from != width) {
        throw config.refused(
            "timestep_conditioning", "blocks that widen cannot be told the timestep");
      }
      if (noisy.get(i + 1) && from != width) {
        throw config.refused("decoder_inject_noise", "blocks that widen cannot draw noise");
      }
      String own = noisy.get(i + 1) ? ", planes[%s]".formatted(port(noisy, i + 1)) : "";
      boolean scaled = scaling.get(i);
      blocks.add("Up" + i);
      source.add(
          UP_HEAD
              + (from == width ? "" : "  conv_in : LtxWideningResnet\n")
              + (timed ? "  time_embedder : LtxTones\n" : "")
              + (scaled ? "  upsamplers : LtxUpsamplers\n" : "")
              + (timed ? UP_TIMED_FORWARD : UP_FORWARD)
                  .replace("{taken}", draws ? ", planes: List[Tensor]" : "")
              + (from == width ? "" : "    z = self.conv_in.forward(z, causal, {eps})\n")
              + (scaled ? "    z = self.upsamplers._0.forward(z, {times}, causal)\n" : "")
              + (timed ? UP_TIMED_END : UP_END).replace("{own}", own),
          "i",
          i,
          "eps",
          eps,
          "times",
          residual.get(i) ? 8 / factors.get(i) : 0);
      resnets(source, "Up%sResnets".formatted(i), layers.get(i + 1), timed, noisy.get(i + 1));
    }
    List<String> given = new ArrayList<>(timed ? List.of("timestep: Tensor") : List.of());
    if (draws) {
      given.add("planes: List[Tensor]");
    }
    given.add("causal: bool");
    source.chain("UpBlocks", blocks, given.toArray(String[]::new));
    return new PublishedNetwork(
        source.text(), Map.of(), Pattern.compile("encoder\\..*|latents_(mean|std)"));
  }

  /**
   * The noise that a decoder draws: the planes of each of its groups of blocks that draws some, in
   * the order of the groups.
   */
  static List<Codec.NoisePlanes> planes(PublishedConfig config) {
    List<Integer> layers =
        config.integers("decoder_layers_per_block", LtxAutoencoder.LAYERS).reversed();
    List<Boolean> scaling =
        config.flags("decoder_spatio_temporal_scaling", LtxAutoencoder.SCALING).reversed();
    List<Boolean> noisy = noisy(config, layers.size());
    List<Codec.NoisePlanes> planes = new ArrayList<>();
    int factor = 1;
    for (int group = 0; group < layers.size(); group++) {
      factor *= group > 0 && scaling.get(group - 1) ? 2 : 1;
      if (noisy.get(group)) {
        planes.add(new Codec.NoisePlanes(2 * layers.get(group), factor));
      }
    }
    return planes;
  }

  /** Whether each group of blocks draws noise, the middle first. */
  private static List<Boolean> noisy(PublishedConfig config, int groups) {
    List<Boolean> said = config.flags("decoder_inject_noise", List.of()).reversed();
    if (!said.contains(true)) {
      return Collections.nCopies(groups, false);
    }
    if (said.size() != groups) {
      throw config.refused(
          "decoder_inject_noise", "it is said for %s of %s blocks".formatted(said.size(), groups));
    }
    return said;
  }

  /** The number of a group among those that draw noise. */
  private static long port(List<Boolean> noisy, int group) {
    return noisy.subList(0, group).stream().filter(draws -> draws).count();
  }

  private static String ports(List<Boolean> noisy) {
    StringBuilder ports = new StringBuilder();
    for (int i = 0; i < port(noisy, noisy.size()); i++) {
      ports.append(", ").append(LatentDecoder.PLANES).append(i).append(": Tensor");
    }
    return ports.toString();
  }

  private static void resnets(
      SourceText source, String name, int count, boolean timed, boolean noisy) {
    if (!noisy) {
      LtxAutoencoder.resnets(source, name, count, timed);
      return;
    }
    StringBuilder attributes = new StringBuilder();
    StringBuilder calls = new StringBuilder();
    for (int i = 0; i < count; i++) {
      attributes.append("  _%s : LtxNoisy%sResnet\n".formatted(i, timed ? "Timed" : ""));
      calls.append(
          "    z = self._%s.forward(z%s, torch.narrow(planes, 0, %s, 2), causal)\n"
              .formatted(i, timed ? ", tones" : "", 2 * i));
    }
    source.add(
        "class %s(Module):\n%s\n  def forward(self, z: Tensor%s, planes: Tensor, causal: bool) -> Tensor:\n%s    return z\n"
            .formatted(name, attributes, timed ? ", tones: Tensor" : "", calls));
  }

  private static final String NOISY_HEAD =
      LtxAutoencoder.HEAD.replace(
          "\n\n\n", "\nfrom blocks.ltx_noise import LtxNoisyResnet, LtxNoisyTimedResnet\n\n\n");

  private static final String DECODER =
      """
      class Network(Module):
        precision : int
        decoder : Decoder

        def forward(self, latent: Tensor{ports}) -> Tensor:
          z = self.decoder.forward(torch.transpose(torch.to(latent, self.precision), 1, 2){drawn}, {causal})
          return torch.transpose(torch.to(ltx_places(z, {patch_t}, {patch}), 6), 1, 2)


      class Decoder(Module):
        conv_in : LtxConv
        mid_block : Middle
        up_blocks : UpBlocks
        conv_out : LtxConv

        def forward(self, z: Tensor{taken}, causal: bool) -> Tensor:
          z = self.mid_block.resnets.forward(self.conv_in.forward(z, [1, 1, 1], causal){own}, causal)
          z = self.up_blocks.forward(z{handed}, causal)
          return self.conv_out.forward(torch.silu(ltx_normed(z)), [1, 1, 1], causal)


      class Middle(Module):
        resnets : MiddleResnets
      """;

  private static final String TIMED_DECODER =
      """
      class Network(Module):
        precision : int
        decoder : Decoder

        def forward(self, latent: Tensor, timestep: Tensor{ports}) -> Tensor:
          z = torch.transpose(torch.to(latent, self.precision), 1, 2)
          z = self.decoder.forward(z, torch.flatten(timestep){drawn}, {causal})
          return torch.transpose(torch.to(ltx_places(z, {patch_t}, {patch}), 6), 1, 2)


      class Decoder(Module):
        conv_in : LtxConv
        mid_block : Middle
        up_blocks : UpBlocks
        conv_out : LtxConv
        time_embedder : LtxTones
        scale_shift_table : Tensor            # [2, c]
        timestep_scale_multiplier : Tensor

        def forward(self, z: Tensor, timestep: Tensor{taken}, causal: bool) -> Tensor:
          t = timestep * torch.to(self.timestep_scale_multiplier, 6)
          z = self.mid_block.forward(self.conv_in.forward(z, [1, 1, 1], causal), t{handed}, causal)
          z = self.up_blocks.forward(z, t{handed}, causal)
          shift, scale = ltx_tuned(self.time_embedder.forward(t), self.scale_shift_table, z)
          z = ltx_normed(z) * (1 + scale) + shift
          return self.conv_out.forward(torch.silu(z), [1, 1, 1], causal)


      class Middle(Module):
        time_embedder : LtxTones
        resnets : MiddleResnets

        def forward(self, z: Tensor, timestep: Tensor{taken}, causal: bool) -> Tensor:
          return self.resnets.forward(z, self.time_embedder.forward(timestep){own}, causal)
      """;

  private static final String UP_HEAD =
      """
      class Up{i}(Module):
        resnets : Up{i}Resnets
      """;

  private static final String UP_FORWARD =
      """

        def forward(self, z: Tensor{taken}, causal: bool) -> Tensor:
      """;

  private static final String UP_END = "    return self.resnets.forward(z{own}, causal)\n";

  private static final String UP_TIMED_FORWARD =
      """

        def forward(self, z: Tensor, timestep: Tensor{taken}, causal: bool) -> Tensor:
      """;

  private static final String UP_TIMED_END =
      "    return self.resnets.forward(z, self.time_embedder.forward(timestep){own}, causal)\n";
}
