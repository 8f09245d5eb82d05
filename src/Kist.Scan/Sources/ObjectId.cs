using System.Buffers.Binary;

namespace Kist.Scan.Sources;

/// <summary>The name of a git object, SHA-1 or SHA-256, without the memory of a string.</summary>
internal readonly record struct ObjectId(UInt128 High, UInt128 Low, byte Bytes)
{
    /// <summary>Reads 40 or 64 hex digits.</summary>
    public static bool TryParse(ReadOnlySpan<byte> hex, out ObjectId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[32];
        bytes.Clear();
        if (hex.Length is not (40 or 64)) return false;
        if (Convert.FromHexString(hex, bytes, out _, out var written) != System.Buffers.OperationStatus.Done)
            return false;
        id = new ObjectId(BinaryPrimitives.ReadUInt128BigEndian(bytes),
            BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]), (byte)written);
        return true;
    }

    /// <summary>Whether git uses this name for "nothing".</summary>
    public bool IsNone => High == 0 && Low == 0;

    /// <summary>The hex digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], Low);
        return Convert.ToHexStringLower(bytes[..Bytes]);
    }
}

/// <summary>A file's content in git, and a path under which it lies.</summary>
internal readonly record struct BlobPath(ObjectId Id, string Path);
