package glimt.diffusion.diffusers;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The supported scheduler classes of diffusers, and Point-E's, each with its settings and their
 * defaults.
 */
enum PublishedClass {
  DDIM(
      "DDIMScheduler DDIMParallelScheduler",
      PublishedClass.CHAIN
          + "clip_sample=true set_alpha_to_one=true steps_offset=0 prediction_type=epsilon"
          + PublishedClass.THRESHOLD
          + " clip_sample_range=1.0 timestep_spacing=leading rescale_betas_zero_snr=false",
      "eta=0.0 use_clipped_model_output=false"),
  COGVIDEOX_DDIM(
      "CogVideoXDDIMScheduler",
      "num_train_timesteps=1000 beta_start=0.00085 beta_end=0.012 beta_schedule=scaled_linear"
          + " trained_betas=null clip_sample=true set_alpha_to_one=true steps_offset=0"
          + " prediction_type=epsilon clip_sample_range=1.0 sample_max_value=1.0"
          + " timestep_spacing=leading rescale_betas_zero_snr=false snr_shift_scale=3.0",
      "eta=0.0 use_clipped_model_output=false"),
  DDIM_INVERSE(
      "DDIMInverseScheduler",
      PublishedClass.CHAIN
          + "clip_sample=true set_alpha_to_one=true steps_offset=0 prediction_type=epsilon"
          + " clip_sample_range=1.0 timestep_spacing=leading rescale_betas_zero_snr=false",
      ""),
  DDPM(
      "DDPMScheduler DDPMParallelScheduler",
      PublishedClass.CHAIN
          + "variance_type=fixed_small clip_sample=true prediction_type=epsilon"
          + PublishedClass.THRESHOLD
          + " clip_sample_range=1.0 timestep_spacing=leading steps_offset=0"
          + " rescale_betas_zero_snr=false",
      "timesteps=null"),
  PNDM(
      "PNDMScheduler",
      PublishedClass.CHAIN
          + "skip_prk_steps=false set_alpha_to_one=false prediction_type=epsilon"
          + " timestep_spacing=leading steps_offset=0",
      ""),
  LCM("LCMScheduler", PublishedClass.DISTILLED, PublishedClass.DISTILLATION),
  TCD("TCDScheduler", PublishedClass.DISTILLED, PublishedClass.DISTILLATION + " eta=0.3"),
  IPNDM("IPNDMScheduler", "num_train_timesteps=1000 trained_betas=null", ""),
  EULER(
      "EulerDiscreteScheduler",
      PublishedClass.CHAIN
          + PublishedClass.RAMPS
          + " prediction_type=epsilon interpolation_type=linear sigma_min=null sigma_max=null"
          + " timestep_spacing=linspace timestep_type=discrete steps_offset=0"
          + " rescale_betas_zero_snr=false final_sigmas_type=zero",
      "timesteps=null sigmas=null" + PublishedClass.CHURN),
  EULER_ANCESTRAL(
      "EulerAncestralDiscreteScheduler",
      PublishedClass.CHAIN
          + "prediction_type=epsilon timestep_spacing=linspace steps_offset=0"
          + " rescale_betas_zero_snr=false",
      ""),
  HEUN(
      "HeunDiscreteScheduler",
      PublishedClass.LATENT + " clip_sample=false clip_sample_range=1.0",
      "timesteps=null"),
  KDPM2("KDPM2DiscreteScheduler", PublishedClass.LATENT, ""),
  KDPM2_ANCESTRAL("KDPM2AncestralDiscreteScheduler", PublishedClass.LATENT, ""),
  DPM_SDE(
      "DPMSolverSDEScheduler", PublishedClass.LATENT + " noise_sampler_seed=null", "s_noise=1.0"),
  LMS(
      "LMSDiscreteScheduler",
      PublishedClass.CHAIN
          + PublishedClass.RAMPS
          + " prediction_type=epsilon timestep_spacing=linspace steps_offset=0",
      "order=4"),
  DPM_MULTISTEP(
      "DPMSolverMultistepScheduler",
      PublishedClass.CHAIN
          + PublishedClass.SOLVER
          + " algorithm_type=dpmsolver++ solver_type=midpoint lower_order_final=true"
          + " euler_at_final=false use_lu_lambdas=false final_sigmas_type=zero"
          + " lambda_min_clipped=-Infinity variance_type=null timestep_spacing=linspace"
          + " steps_offset=0 rescale_betas_zero_snr=false use_dynamic_shifting=false"
          + " time_shift_type=exponential",
      "timesteps=null mu=null image_seq_len=null"),
  DPM_SINGLESTEP(
      "DPMSolverSinglestepScheduler",
      PublishedClass.CHAIN
          + PublishedClass.SOLVER
          + " algorithm_type=dpmsolver++ solver_type=midpoint lower_order_final=false"
          + " final_sigmas_type=zero lambda_min_clipped=-Infinity variance_type=null"
          + " use_dynamic_shifting=false time_shift_type=exponential",
      "timesteps=null mu=null image_seq_len=null"),
  UNIPC(
      "UniPCMultistepScheduler",
      PublishedClass.CHAIN
          + PublishedClass.SOLVER
          + " predict_x0=true solver_type=bh2 lower_order_final=true disable_corrector=[]"
          + " solver_p=null timestep_spacing=linspace steps_offset=0 final_sigmas_type=zero"
          + " rescale_betas_zero_snr=false use_dynamic_shifting=false time_shift_type=exponential"
          + " sigma_min=null sigma_max=null shift_terminal=null",
      "sigmas=null mu=null image_seq_len=null"),
  DEIS(
      "DEISMultistepScheduler",
      PublishedClass.CHAIN
          + PublishedClass.SOLVER
          + " algorithm_type=deis solver_type=logrho lower_order_final=true"
          + " timestep_spacing=linspace steps_offset=0 use_dynamic_shifting=false"
          + " time_shift_type=exponential",
      "mu=null image_seq_len=null"),
  SA_SOLVER(
      "SASolverScheduler",
      PublishedClass.CHAIN
          + PublishedClass.FLOWS
          + PublishedClass.RAMPS
          + " predictor_order=2 corrector_order=2 prediction_type=epsilon tau_func=null"
          + PublishedClass.THRESHOLD
          + " algorithm_type=data_prediction lower_order_final=true lambda_min_clipped=-Infinity"
          + " variance_type=null timestep_spacing=linspace steps_offset=0",
      ""),
  EDM_EULER(
      "EDMEulerScheduler",
      PublishedClass.EDM + " final_sigmas_type=zero",
      "sigmas=null" + PublishedClass.CHURN),
  EDM_DPM(
      "EDMDPMSolverMultistepScheduler",
      PublishedClass.EDM
          + " solver_order=2"
          + PublishedClass.THRESHOLD
          + " algorithm_type=dpmsolver++ solver_type=midpoint lower_order_final=true"
          + " euler_at_final=false final_sigmas_type=zero",
      ""),
  FLOW_EULER(
      "FlowMatchEulerDiscreteScheduler",
      PublishedClass.FLOW + " stochastic_sampling=false",
      "sigmas=null timesteps=null mu=null image_seq_len=null" + PublishedClass.CHURN),
  FLOW_HEUN(
      "FlowMatchHeunDiscreteScheduler", "num_train_timesteps=1000 shift=1.0", PublishedClass.CHURN),
  FLOW_LCM(
      "FlowMatchLCMScheduler",
      PublishedClass.FLOW + " scale_factors=null upscale_mode=bicubic",
      "sigmas=null timesteps=null mu=null image_seq_len=null"),
  CONSISTENCY(
      "CMStochasticIterativeScheduler",
      "num_train_timesteps=40 sigma_min=0.002 sigma_max=80.0 sigma_data=0.5 s_noise=1.0 rho=7.0"
          + " clip_denoised=true",
      "timesteps=null"),
  POINT_CLOUD(
      "PointCloudSampler",
      "num_train_timesteps=1024 beta_schedule=cosine sigma_min=0.001 sigma_max=120.0 rho=7.0"
          + " s_churn=3.0 clip_denoised=true",
      "");

  private static final String CHAIN =
      "num_train_timesteps=1000 beta_start=0.0001 beta_end=0.02 beta_schedule=linear"
          + " trained_betas=null ";
  private static final String THRESHOLD =
      " thresholding=false dynamic_thresholding_ratio=0.995 sample_max_value=1.0";
  private static final String RAMPS =
      " use_karras_sigmas=false use_exponential_sigmas=false use_beta_sigmas=false";
  private static final String FLOWS = " use_flow_sigmas=false flow_shift=1.0";
  private static final String SOLVER =
      PublishedClass.RAMPS
          + PublishedClass.FLOWS
          + " solver_order=2 prediction_type=epsilon"
          + PublishedClass.THRESHOLD;
  private static final String LATENT =
      "num_train_timesteps=1000 beta_start=0.00085 beta_end=0.012 beta_schedule=linear"
          + " trained_betas=null prediction_type=epsilon timestep_spacing=linspace steps_offset=0"
          + PublishedClass.RAMPS;
  private static final String DISTILLED =
      "num_train_timesteps=1000 beta_start=0.00085 beta_end=0.012 beta_schedule=scaled_linear"
          + " trained_betas=null original_inference_steps=50 clip_sample=false"
          + " clip_sample_range=1.0 set_alpha_to_one=true steps_offset=0 prediction_type=epsilon"
          + PublishedClass.THRESHOLD
          + " timestep_spacing=leading timestep_scaling=10.0 rescale_betas_zero_snr=false";
  private static final String DISTILLATION =
      "original_inference_steps=null timesteps=null strength=1.0";
  private static final String EDM =
      "sigma_min=0.002 sigma_max=80.0 sigma_data=0.5 sigma_schedule=karras"
          + " num_train_timesteps=1000 prediction_type=epsilon rho=7.0";
  private static final String FLOW =
      "num_train_timesteps=1000 shift=1.0 use_dynamic_shifting=false base_shift=0.5 max_shift=1.15"
          + " base_image_seq_len=256 max_image_seq_len=4096 invert_sigmas=false"
          + " shift_terminal=null time_shift_type=exponential"
          + PublishedClass.RAMPS;
  private static final String CHURN = " s_churn=0.0 s_tmin=0.0 s_tmax=Infinity s_noise=1.0";

  private final String names;
  private final String settings;
  private final String asked;

  PublishedClass(String names, String settings, String asked) {
    this.names = names;
    this.settings = settings;
    this.asked = "num_inference_steps=null " + asked;
  }

  private static Map<String, String> parsed(String text) {
    Map<String, String> all = new LinkedHashMap<>();
    for (String pair : text.strip().split(" +", -1)) {
      int equals = pair.indexOf('=');
      all.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return all;
  }

  /** The published names of this class. */
  List<String> names() {
    return List.of(names.split(" ", -1));
  }

  /** The settings of this class and their defaults. */
  Map<String, String> settings() {
    return parsed(settings);
  }

  /** The parameters of a walk and their defaults. */
  Map<String, String> asked() {
    return parsed(asked);
  }

  /**
   * The settings of all classes. A class ignores settings that only other classes have, as
   * diffusers does.
   */
  static Set<String> everySetting() {
    return Arrays.stream(values())
        .flatMap(kind -> kind.settings().keySet().stream())
        .collect(Collectors.toSet());
  }

  /**
   * Finds a class by its name.
   *
   * @throws UnknownSettingException if the class is not supported; the message lists the supported
   *     classes
   */
  static PublishedClass of(String name) {
    return Arrays.stream(values())
        .filter(kind -> kind.names().contains(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UnknownSettingException(
                    "scheduler class %s is not supported; the supported classes are %s"
                        .formatted(
                            name,
                            Arrays.stream(values())
                                .flatMap(kind -> kind.names().stream())
                                .sorted()
                                .collect(Collectors.joining(", ")))));
  }
}
