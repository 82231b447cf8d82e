package glimt.model;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How a level noises the one below, where that is not along the chain of its own walk (Rombach et
 * al. 2022, section 4.4: the upscaler's {@code low_res_scheduler}).
 *
 * @param settings the published scheduler whose chain it is
 * @param most the last step of that chain as far as which a job may ask for
 */
public record BelowNoising(Map<String, @Nullable Object> settings, int most) {
  public BelowNoising {
    settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    if (most < 0) {
      throw new IllegalArgumentException("a chain has steps from 0, not up to " + most);
    }
  }
}
