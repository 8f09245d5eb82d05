using System.Text.Json;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Logins.UserPass;

/// <summary>The password field: taken from the request as bytes, so that no string of it is ever made.</summary>
internal static class PasswordText
{
    /// <summary>
    /// The longest password. Longer ones are refused when set and wrong when tried; nothing is ever cut.
    /// </summary>
    public const int MaxBytes = 4096;

    public static readonly Field<ReadOnlyMemory<byte>> Field = Fields.Json("password", "The password");

    /// <summary>The password in UTF-8, which the caller disposes; empty when there is none or it is no text.</summary>
    public static SecretBuffer Read(Call call)
    {
        var json = call.Get(Field);
        if (json.IsEmpty) return SecretBuffer.Rent(0);
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        if (reader.TokenType is JsonTokenType.Number) return SecretBuffer.Copy(reader.ValueSpan);
        if (reader.TokenType is not JsonTokenType.String) return SecretBuffer.Rent(0);
        var password = SecretBuffer.Rent(reader.ValueSpan.Length);
        password.Truncate(reader.CopyString(password.Span));
        return password;
    }
}
