using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Seals;
using Kist.Secrets;

namespace Kist.Server.Seals.KeyFile;

/// <summary>
/// The file of the key file seal: a line that says what it is, a line with 32 bytes in base64, and a line with a
/// checksum over them, so that a cut or mistyped copy is told from the key of another store.
/// </summary>
internal static class KeyFileFormat
{
    private const string Header = "kist-key-file 1";
    private const int CheckBytes = 8;
    private const int MostFileBytes = 4096;
    private const UnixFileMode OthersMay = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Whether anything lies at the path, a dangling link included: nothing is ever made in its place.
    /// </summary>
    public static bool Exists(string path)
    {
        var file = new FileInfo(path);
        return file.Exists || file.LinkTarget is not null;
    }

    /// <summary>Makes the file with a new random key: complete and on disk, or not there.</summary>
    public static void Create(string path)
    {
        using var text = NewText();
        try
        {
            DurableFile.CreateNew(path, text.WrittenSpan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealException($"the key file {path} cannot be made: {e.Message}", e);
        }
    }

    /// <summary>The key. Throws <see cref="SealException"/> when the file is a link, may be read by others than its
    /// owner, or is not a key file.</summary>
    public static LockedMemory Read(string path)
    {
        using var text = SecretBuffer.Rent(MostFileBytes);
        try
        {
            if (new FileInfo(path).LinkTarget is not null)
                throw new SealException($"the key file {path} is a symbolic link; point to the file itself");
            using var file = File.OpenHandle(path);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & OthersMay) != 0)
                throw new SealException($"the key file {path} is open to other users; run: chmod 600 {path}");
            text.Truncate(RandomAccess.Read(file, text.Span, 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealException($"the key file {path} cannot be read: {e.Message}", e);
        }
        return Parse(text.Span) ?? throw new SealException(
            $"{path} is not a whole Kist key file: it is cut, changed, or something else; put the right file back");
    }

    private static LockedMemory? Parse(Span<byte> text)
    {
        Span<Range> lines = stackalloc Range[5];
        Span<byte> key = stackalloc byte[KeyWrap.KeyBytes];
        ReadOnlySpan<byte> read = text;
        var count = 0;
        foreach (var line in read.Split((byte)'\n'))
            if (count < lines.Length) lines[count++] = line;
        try
        {
            if (count < 3 || !Trim(read[lines[0]]).SequenceEqual(Encoding.ASCII.GetBytes(Header))) return null;
            var encoded = Trim(read[lines[1]]);
            if (encoded.Length != Base64.GetMaxEncodedToUtf8Length(key.Length)) return null;
            if (!Base64.IsValid(encoded, out var length) || length != key.Length) return null;
            Base64.DecodeFromUtf8(encoded, key, out _, out _);
            return Trim(read[lines[2]]).SequenceEqual(CheckOf(key)) ? LockedMemory.Copy(key) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static SecretWriter NewText()
    {
        Span<byte> key = stackalloc byte[KeyWrap.KeyBytes];
        RandomNumberGenerator.Fill(key);
        var text = new SecretWriter();
        text.Write(Encoding.ASCII.GetBytes(Header));
        text.Write("\n"u8);
        Base64.EncodeToUtf8(key, text.GetSpan(Base64.GetMaxEncodedToUtf8Length(key.Length)), out _, out var written);
        text.Advance(written);
        text.Write("\n"u8);
        text.Write(CheckOf(key));
        text.Write("\n"u8);
        CryptographicOperations.ZeroMemory(key);
        return text;
    }

    /// <summary>A part of the hash of header and key, in hexadecimal. It lies beside the key, so it need not hide it.
    /// </summary>
    private static byte[] CheckOf(ReadOnlySpan<byte> key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(Header));
        hash.AppendData(key);
        var check = hash.GetHashAndReset().AsSpan(0, CheckBytes);
        return Encoding.ASCII.GetBytes("check " + Convert.ToHexStringLower(check));
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> line) => line.TrimEnd("\r "u8);
}
