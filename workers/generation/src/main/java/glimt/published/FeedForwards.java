package glimt.published;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The feed forward layers of diffusers' transformers, {@code net.0.proj}, an activation and {@code
 * net.2}, as the class {@code FeedForward} of a source.
 */
final class FeedForwards {
  /** What becomes of the first layer's output {@code h}; gates come after the values. */
  private static final Map<String, String> BY_NAME =
      Map.of(
          "gelu", "torch.gelu(h)",
          "gelu-approximate", "torch.gelu(h, approximate=\"tanh\")",
          "geglu", "torch.chunk(h, 2, -1)[0] * torch.gelu(torch.chunk(h, 2, -1)[1])",
          "geglu-approximate", "h * torch.sigmoid(1.702 * h)",
          "swiglu", "torch.chunk(h, 2, -1)[0] * torch.silu(torch.chunk(h, 2, -1)[1])",
          "linear-silu", "torch.silu(h)");

  private FeedForwards() {}

  /**
   * The classes for an activation.
   *
   * @param name as the field gives it, such as {@code gelu-approximate}
   * @return null if it is not known
   */
  static @Nullable String source(String name) {
    String activation = BY_NAME.get(name);
    return activation == null ? null : SourceText.filled(CLASSES, "activation", activation);
  }

  /** The names that are known. */
  static Set<String> names() {
    return new TreeSet<>(BY_NAME.keySet());
  }

  private static final String CLASSES =
      """
      class FeedForward(Module):
        net : FeedForwardNet

        def forward(self, z: Tensor) -> Tensor:
          h = self.net._0.proj.forward(z)
          return self.net._2.forward({activation})


      class FeedForwardNet(Module):
        _0 : FeedForwardEntry
        _2 : Linear


      class FeedForwardEntry(Module):
        proj : Linear
      """;
}
