// Two ways to draw the same points: WebGL2 on a graphics card; and the processor, where there is no WebGL2 or only one
// that imitates a card, which takes many times as long as setting the pixels ourselves. Both draw every k-th point
// while the map moves, when drawing them all takes too long to follow the hand.

const IMITATIONS = /swiftshader|llvmpipe|softpipe|software|basic render/i;

const VERTEX = `#version 300 es
in float x;
in float y;
in float code;
in float chosen;
uniform vec2 centre;
uniform vec2 scale;
uniform float size;
uniform bool selecting;
uniform vec3 faded;
uniform sampler2D palette;
out vec3 colour;
void main() {
  bool shown = !selecting || chosen > 0.5;
  gl_Position = vec4((vec2(x, y) - centre) * scale, shown ? 0.0 : 0.5, 1.0);
  gl_PointSize = size;
  colour = shown ? texelFetch(palette, ivec2(int(code), 0), 0).rgb : faded;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec3 colour;
uniform bool round;
out vec4 pixel;
void main() {
  if (round && length(gl_PointCoord - 0.5) > 0.5) discard;
  pixel = vec4(colour, 1.0);
}`;

// Attribute strides may be 255 bytes at most: every 63rd point of four bytes.
const COARSEST = 63;

function webglDrawing(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, depth: true, powerPreference: "high-performance" });
  if (!gl) return null;
  const unmasked = gl.getExtension("WEBGL_debug_renderer_info");
  if (IMITATIONS.test(gl.getParameter(unmasked ? unmasked.UNMASKED_RENDERER_WEBGL : gl.RENDERER))) return null;
  const program = linked(gl);
  if (!program) return null;
  gl.useProgram(program);
  gl.enable(gl.DEPTH_TEST);
  gl.depthFunc(gl.LEQUAL);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  const uniforms = {};
  for (const name of ["centre", "scale", "size", "selecting", "faded", "round"]) {
    uniforms[name] = gl.getUniformLocation(program, name);
  }
  const kept = {};

  function attribute(name, values, type, step) {
    const place = gl.getAttribLocation(program, name);
    if (!values) {
      gl.disableVertexAttribArray(place);
      gl.vertexAttrib1f(place, 0);
      return;
    }
    kept[name] ??= { buffer: gl.createBuffer(), values: null };
    gl.bindBuffer(gl.ARRAY_BUFFER, kept[name].buffer);
    if (kept[name].values !== values) {
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      kept[name].values = values;
    }
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 1, type, false, step * values.BYTES_PER_ELEMENT, 0);
  }

  return {
    name: "WebGL2",
    lost: () => gl.isContextLost(),
    draw({ x, y, codes, chosen, palette, faded, view, size, step, wait }) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      if (kept.palette !== palette) {
        const pixels = new Uint8Array(256 * 4);
        palette.forEach((colour, i) => pixels.set([...colour, 255], 4 * i));
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        kept.palette = palette;
      }
      attribute("x", x, gl.FLOAT, step);
      attribute("y", y, gl.FLOAT, step);
      attribute("code", codes, gl.UNSIGNED_BYTE, step);
      attribute("chosen", chosen, gl.UNSIGNED_BYTE, step);
      gl.uniform2f(uniforms.centre, view.x, view.y);
      gl.uniform2f(uniforms.scale, (2 * view.scale) / canvas.width, (2 * view.scale) / canvas.height);
      gl.uniform1f(uniforms.size, size);
      gl.uniform1i(uniforms.selecting, chosen ? 1 : 0);
      gl.uniform3f(uniforms.faded, faded[0] / 255, faded[1] / 255, faded[2] / 255);
      gl.uniform1i(uniforms.round, size > 3.5 ? 1 : 0);
      gl.drawArrays(gl.POINTS, 0, Math.ceil(x.length / step));
      // Reading one pixel waits for the picture: how long it took is known, and that it is there.
      if (wait) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    },
  };
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

function plainDrawing(canvas) {
  const context = canvas.getContext("2d");
  if (!context) return null;
  let image = null;
  return {
    name: "canvas",
    lost: () => false,
    draw({ x, y, codes, chosen, palette, faded, view, size, step }) {
      const { width, height } = canvas;
      if (!image || image.width !== width || image.height !== height) image = context.createImageData(width, height);
      const pixels = new Uint32Array(image.data.buffer);
      pixels.fill(0);
      const packed = ([red, green, blue]) => (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
      const colours = new Uint32Array(256).map((_, i) => packed(palette[i] ?? faded));
      const pale = packed(faded);
      const side = Math.max(1, Math.round(size)), offset = (side - 1) / 2;
      const middle = side / 2, round = size > 3.5;
      for (const pass of chosen ? [0, 1] : [1]) {
        for (let i = 0; i < x.length; i += step) {
          if (chosen && chosen[i] !== pass) continue;
          const left = Math.round((x[i] - view.x) * view.scale + width / 2 - offset - 0.5);
          const top = Math.round(height / 2 - (y[i] - view.y) * view.scale - offset - 0.5);
          if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
          const colour = pass ? colours[codes[i]] : pale;
          for (let r = 0; r < side; r += 1) {
            const at = (top + r) * width + left;
            for (let c = 0; c < side; c += 1) {
              if (!round || (c + 0.5 - middle) ** 2 + (r + 0.5 - middle) ** 2 <= middle * middle) pixels[at + c] = colour;
            }
          }
        }
      }
      context.putImageData(image, 0, 0);
    },
  };
}
