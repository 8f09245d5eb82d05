using System.Text.Json;
using System.Text.Json.Serialization;
using Kist.Kernel.Leases;
using Kist.Kernel.Mounts;
using Kist.Kernel.Tokens;

namespace Kist.Kernel;

/// <summary>How the kernel's own records are stored: source-generated JSON, defaults left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(MountEntry))]
[JsonSerializable(typeof(TokenEntry))]
[JsonSerializable(typeof(LeaseRecord))]
[JsonSerializable(typeof(Wrapping.WrapRecord))]
[JsonSerializable(typeof(Wrapping.JwtClaims))]
[JsonSerializable(typeof(Quotas.RateLimit))]
[JsonSerializable(typeof(Quotas.QuotaConfig))]
[JsonSerializable(typeof(Node.CorsConfig))]
[JsonSerializable(typeof(Node.RosterEntry))]
internal sealed partial class KernelJson : JsonSerializerContext;
