using System.Buffers.Text;
using System.Text;

namespace Kist.Server.Engines.Sys;

/// <summary>Policies may be sent as they are or in base64, as Vault's command line does.</summary>
internal static class PolicyText
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The policy that <paramref name="sent"/> means: a whole valid base64 text is decoded, all else is taken
    /// as it is.</summary>
    public static string Decode(string sent)
    {
        var text = sent.AsSpan().Trim();
        if (text.IsEmpty || text.Length % 4 != 0 || !Base64.IsValid(text)) return sent;
        try
        {
            return Strict.GetString(Convert.FromBase64String(text.ToString()));
        }
        catch (DecoderFallbackException)
        {
            return sent;
        }
    }
}
